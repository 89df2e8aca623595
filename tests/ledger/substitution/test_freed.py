from datetime import date
from fractions import Fraction

import pytest

from ledger.substitution.freed import (
    AmountAboveCap,
    Audit,
    Claim,
    ClaimOverlaps,
    ClosureBaselineMissing,
    Method,
    NothingSaved,
    RetrofitBaselineMissing,
    RetrofitReauditMissing,
    Works,
    freed_by_closure,
    freed_by_retrofit,
    require_unclaimed,
)

REPORTED = {2024: 20_000_000, 2025: 12_345_000}


def closure(*, approved: int | None = None, claimed: int | None = None, closed_in: int = 2026):
    return freed_by_closure(
        "F1",
        closed_in=closed_in,
        reported=REPORTED,
        approved=approved,
        claimed=claimed,
        pack_version="2026.1",
    )


def test_a_closure_frees_the_year_before_and_awaits_its_opinion():
    freed = closure()

    assert (freed.amount, freed.method) == (12_345_000, Method.CLOSURE)


@pytest.mark.parametrize(
    ("approved", "amount"),
    [(12_345_001, 12_345_000), (12_345_000, 12_345_000), (12_344_999, 12_344_999), (0, 0)],
)
def test_a_closure_frees_the_lower_of_statistics_and_approval(approved, amount):
    assert closure(approved=approved).amount == amount


@pytest.mark.parametrize("claimed", [0, 9_999_999, 10_000_000])
def test_a_claim_may_ask_for_less(claimed):
    assert closure(approved=10_000_000, claimed=claimed).amount == claimed


def test_a_claim_above_the_cap_is_refused():
    with pytest.raises(AmountAboveCap) as refused:
        closure(approved=10_000_000, claimed=10_000_001)

    assert refused.value.code == "amount_above_cap"
    assert refused.value.facts == {"facility": "F1", "claimed": 10_000_001, "cap": 10_000_000}


def test_a_closure_without_last_years_figure_is_refused():
    with pytest.raises(ClosureBaselineMissing) as refused:
        closure(closed_in=2027)

    assert refused.value.facts == {"facility": "F1", "year": 2026}


WORKS = Works(facility="F1", began_on=date(2026, 3, 1), ended_on=date(2026, 8, 31))
BEFORE = Audit(consumed=80_000_000, audited_on=date(2026, 2, 1), filed_on=date(2026, 2, 28))
AFTER = Audit(consumed=72_500_000, audited_on=date(2026, 9, 1), filed_on=date(2026, 9, 9))


def retrofit(*, before: Audit | None = BEFORE, after: Audit | None = AFTER):
    return freed_by_retrofit(WORKS, before=before, after=after, pack_version="2026.1")


def test_a_retrofit_frees_the_audited_saving():
    freed = retrofit()

    assert (freed.amount, freed.method) == (7_500_000, Method.RETROFIT)


def unit_use(kgce_per_tonne: int, *, tonnes: int, like: Audit) -> Audit:
    return Audit(
        consumed=kgce_per_tonne * tonnes,
        audited_on=like.audited_on,
        filed_on=like.filed_on,
        output=Fraction(tonnes),
    )


@pytest.mark.parametrize(("tonnes_before", "amount"), [(3_000_000, 60_000_000), (9, 60_000_000)])
def test_a_retrofit_by_unit_use_counts_the_output_after(tonnes_before, amount):
    """120 to 100 kgce a tonne at 3 million tonnes."""
    freed = retrofit(
        before=unit_use(120, tonnes=tonnes_before, like=BEFORE),
        after=unit_use(100, tonnes=3_000_000, like=AFTER),
    )

    assert freed.amount == amount


def test_making_less_is_not_saving():
    with pytest.raises(NothingSaved) as refused:
        retrofit(
            before=unit_use(120, tonnes=3_000_000, like=BEFORE),
            after=unit_use(120, tonnes=1_000_000, like=AFTER),
        )

    assert refused.value.facts == {"facility": "F1", "saving": 0}


@pytest.mark.parametrize(
    "before",
    [
        None,
        Audit(consumed=80, audited_on=date(2026, 2, 1), filed_on=date(2026, 3, 1)),
        Audit(consumed=80, audited_on=date(2026, 3, 1), filed_on=date(2026, 2, 1)),
        Audit(consumed=80, audited_on=date(2026, 9, 1), filed_on=date(2026, 9, 1)),
    ],
)
def test_a_retrofit_without_a_baseline_filed_before_the_works_is_refused(before):
    with pytest.raises(RetrofitBaselineMissing) as refused:
        retrofit(before=before)

    assert refused.value.code == "retrofit_baseline_missing"
    assert refused.value.facts == {"facility": "F1", "works_began": "2026-03-01"}


@pytest.mark.parametrize(
    "after",
    [
        None,
        Audit(consumed=72, audited_on=date(2026, 8, 31), filed_on=date(2026, 9, 9)),
    ],
)
def test_a_retrofit_frees_nothing_before_its_second_audit(after):
    with pytest.raises(RetrofitReauditMissing) as refused:
        retrofit(after=after)

    assert refused.value.facts == {"facility": "F1", "works_ended": "2026-08-31"}


def test_the_baseline_is_asked_for_before_the_second_audit():
    with pytest.raises(RetrofitBaselineMissing):
        retrofit(before=None, after=None)


CLOSURE_2026 = Claim(
    reference="C1",
    facility="F1",
    measure="energy",
    first_day=date(2026, 1, 1),
    last_day=date(2026, 12, 31),
    method=Method.CLOSURE,
)


def claim(
    *,
    first_day: date = date(2026, 1, 1),
    last_day: date = date(2026, 12, 31),
    facility: str = "F1",
    measure: str = "energy",
):
    return Claim("C2", facility, measure, first_day, last_day, Method.RETROFIT)


def test_a_closed_line_claimed_again_as_a_retrofit_is_refused():
    with pytest.raises(ClaimOverlaps) as refused:
        require_unclaimed(claim(), [CLOSURE_2026])

    assert refused.value.code == "claim_overlaps"
    assert refused.value.facts == {
        "facility": "F1",
        "measure": "energy",
        "existing": "C1",
        "existing_first_day": "2026-01-01",
        "existing_last_day": "2026-12-31",
    }


@pytest.mark.parametrize(
    ("first_day", "last_day"),
    [
        (date(2025, 1, 1), date(2026, 1, 1)),
        (date(2026, 12, 31), date(2027, 6, 1)),
        (date(2026, 5, 1), date(2026, 5, 1)),
        (date(2020, 1, 1), date(2030, 1, 1)),
    ],
)
def test_one_common_day_is_an_overlap(first_day, last_day):
    with pytest.raises(ClaimOverlaps):
        require_unclaimed(claim(first_day=first_day, last_day=last_day), [CLOSURE_2026])


@pytest.mark.parametrize(
    "free",
    [
        claim(first_day=date(2027, 1, 1), last_day=date(2027, 12, 31)),
        claim(first_day=date(2025, 1, 1), last_day=date(2025, 12, 31)),
        claim(facility="F2"),
        claim(measure="coal"),
    ],
)
def test_another_period_facility_or_measure_is_free(free):
    require_unclaimed(free, [CLOSURE_2026])


def test_the_earliest_overlapping_claim_is_named():
    later = Claim("A9", "F1", "energy", date(2027, 1, 1), date(2027, 1, 31), Method.CLOSURE)

    with pytest.raises(ClaimOverlaps) as refused:
        require_unclaimed(claim(last_day=date(2027, 12, 31)), [later, CLOSURE_2026])

    assert refused.value.facts["existing"] == "C1"
