"""Scenarios of rights-rules §12 and dual-control-rules §9 on purchase, price, entry and scaling."""

from datetime import date
from fractions import Fraction

import pytest

import seeds
from ledger.allocation.entry_list import KeyUser, Standing, Thresholds, standing_of
from ledger.allocation.methods import Request, scale_to_cap
from ledger.allocation.price import (
    DutyFormula,
    DutyTerms,
    PriceFormula,
    PriceTerms,
    Project,
    duty,
    price,
)
from ledger.allocation.purchase import PurchaseCoefficientOutOfRange
from ledger.allocation.quote import quote
from ledger.policy import ParameterMissing, as_int, in_force
from ledger.units import round_half_up

PACKS = seeds.read_packs()
TCE = 1_000
YUAN = 100


def find_in(pack, on, **own):
    """Find parameters in a real pack, and in *own* what its text leaves out ("__" for dots)."""
    invented = {key.replace("__", "."): value for key, value in own.items()}

    def find(key):
        if key in invented:
            return invented[key]
        return in_force(PACKS, pack, key, on)

    return find


def invented(find, like, value):
    """A parameter of the test's own, in the form of another."""
    found = find(like)
    return type(found)(
        key=like, value=value, unit="ratio", status=found.status,
        pack_id=found.pack_id, version=found.version, candidates=(),
    )  # fmt: skip


def henan(b, c, average, *, added, coal=0):
    """What the Henan pack says, with the provincial average that its text does not state."""
    find = find_in("henan", date(2026, 1, 1))
    given = invented(find, "purchase.two_high_coefficient", average)
    project = Project(
        added * TCE, Fraction(c), coal_kgce=coal * TCE, is_two_high=True, coefficient=Fraction(b)
    )
    find = find_in("henan", date(2026, 1, 1), purchase__average_intensity=given)
    return quote(project, find).duty


@pytest.mark.parametrize(
    ("b", "c", "average", "added", "coal", "tce", "is_above"),
    [
        pytest.param("0.3", "2.0", "1.0", 50_000, 0, 30_000, False, id="rights-03a RULE"),
        pytest.param("1", "0.5", "1.0", 50_000, 0, 25_000, False, id="rights-03b RULE"),
        pytest.param("1", "3", "1.0", 50_000, 0, 150_000, True, id="rights-03c RULE"),
        pytest.param("0.3", "2.0", "1.0", 50_000, 20_000, 30_000, False, id="rights-03d RULE"),
        pytest.param("0.3", "2.4", "1.2", 100_000, 0, 60_000, False, id="dual-36a Con"),
        pytest.param("1", "2.4", "1.2", 100_000, 0, 200_000, True, id="dual-36b Con"),
    ],
)
def test_henan_two_high_purchase(b, c, average, added, coal, tce, is_above):
    owed = henan(b, c, average, added=added, coal=coal)

    assert (owed.amount_kgce, owed.is_above_added) == (tce * TCE, is_above)


@pytest.mark.parametrize(
    "b", [pytest.param("0.29", id="rights-03e RULE"), pytest.param("1.01", id="rights-03f RULE")]
)
def test_henan_refuses_a_coefficient_out_of_range(b):
    with pytest.raises(PurchaseCoefficientOutOfRange):
        henan(b, "2.0", "1.0", added=50_000)


def pinghu(added_kgce, intensity, *, use="", coefficient="1.5"):
    find = find_in("pinghu", date(2026, 1, 1))
    given = invented(find, "purchase.two_high_coefficient", coefficient)
    find = find_in("pinghu", date(2026, 1, 1), price__sector_coefficient__cement=given)
    project = Project(added_kgce, Fraction(intensity), sector="CEMENT", use=use)
    return quote(project, find)


@pytest.mark.parametrize(
    ("added_kgce", "intensity", "use", "yuan"),
    [
        pytest.param(99_990, "0.5", "", 0, id="rights-06a RULE"),
        pytest.param(100_000, "0.5", "", 8_000, id="rights-06b RULE"),
        pytest.param(1_000_000, "0.74", "", 120_000, id="rights-06c RULE"),
        pytest.param(1_000_000, "0.73", "", 80_000, id="rights-06d RULE"),
        pytest.param(1_000_000, "0.74", "sewage", 0, id="rights-06e RULE"),
        pytest.param(1_000_000, "0.74", "chp_heat", 0, id="rights-06f RULE"),
    ],
)
def test_pinghu_thresholds(added_kgce, intensity, use, yuan):
    answer = pinghu(added_kgce, intensity, use=use)

    assert answer.price.fee_fen == yuan * YUAN


def test_pinghu_gives_no_price_above_its_tier_without_the_sector_s_coefficient():
    project = Project(1_000_000, Fraction("0.74"), sector="CEMENT")

    with pytest.raises(ParameterMissing):
        quote(project, find_in("pinghu", date(2026, 1, 1)))


@pytest.mark.parametrize(
    ("intensity", "tce"),
    [
        pytest.param("0.60", 0, id="rights-07c RULE"),
        pytest.param("0.61", 1_000, id="rights-07d RULE"),
    ],
)
def test_zhejiang_threshold(intensity, tce):
    project = Project(1_000 * TCE, Fraction(intensity))

    answer = quote(project, find_in("zhejiang", date(2026, 1, 1)))

    assert answer.duty.amount_kgce == tce * TCE
    assert answer.price.unit_fen is None  # the market makes the price there


@pytest.mark.parametrize(
    ("share", "intensity", "yuan", "band"),
    [
        pytest.param("0.3", "2.24", "22.5", "2", id="dual-37a Con"),
        pytest.param("0.4", "8.96", "120", "3", id="dual-37b Con"),
    ],
)
def test_shizuishan_price(share, intensity, yuan, band):
    project = Project(100 * TCE, Fraction(intensity), share=Fraction(share))

    answer = quote(project, find_in("shizuishan", date(2025, 6, 1)))

    assert answer.price.unit_fen == Fraction(yuan) * YUAN
    assert answer.price.fee_fen == Fraction(yuan) * 100 * YUAN
    assert dict(answer.price.steps[0].inputs)["band"] == band


@pytest.mark.parametrize(
    ("tce", "is_listable", "key_user"),
    [
        pytest.param("4999", False, KeyUser.NONE, id="rights-14a RULE"),
        pytest.param("4999.999", False, KeyUser.NONE, id="rights-14b RULE"),
        pytest.param("5000", True, KeyUser.BY_DESIGNATION, id="rights-14c RULE"),
        pytest.param("9999", True, KeyUser.BY_DESIGNATION, id="rights-14d RULE"),
        pytest.param("10000", True, KeyUser.AUTOMATIC, id="rights-14e RULE"),
    ],
)
def test_entry_list(tce, is_listable, key_user):
    keys = ("entry_threshold_tce", "scope.designation_from_tce", "scope.key_user_threshold_tce")
    found = (in_force(PACKS, "national", key, date(2026, 1, 1)) for key in keys)
    thresholds = Thresholds(*(as_int(one) for one in found))

    standing = standing_of(int(Fraction(tce) * TCE), thresholds)

    assert standing == Standing(is_listable, key_user)


@pytest.mark.parametrize(
    ("requests", "granted"),
    [
        # In hundredths of a tonne, as the source writes: 333.33 three times is 999.99.
        pytest.param((33_333,) * 3, [33_333, 33_333, 33_333], id="rights-26a BUILT"),
        pytest.param((50_000,) * 3, [33_334, 33_333, 33_333], id="rights-26b BUILT"),
    ],
)
def test_cap_scaling(requests, granted):
    asked = [Request(f"E{number}", amount) for number, amount in enumerate(requests)]

    scaled = scale_to_cap(asked, cap_kgce=100_000, pack_version="")

    assert [scaled[one.enterprise].amount_kgce for one in asked] == granted


@pytest.mark.parametrize(
    ("formula", "unit_fen"),
    [(PriceFormula.BASE, 15_000), (PriceFormula.COMPETITIVE, None)],
)
def test_a_base_price_is_the_same_for_all_and_a_market_sets_none(formula, unit_fen):
    project = Project(1, Fraction("9.9"))

    assert price(1_000, project, PriceTerms(formula, 15_000)).unit_fen == unit_fen


@pytest.mark.parametrize(("kgce", "fen"), [(0, 0), (1, 8), (99, 792), (1_001, 8_008)])
def test_a_fee_is_exact_to_the_fen(kgce, fen):
    assert (
        price(kgce, Project(kgce, Fraction(1)), PriceTerms(PriceFormula.BASE, 8_000)).fee_fen == fen
    )


def test_a_price_is_rounded_half_up_before_it_is_multiplied():
    terms = PriceTerms(
        PriceFormula.INTENSITY_SHARE, 1,
        share_min=Fraction(0), share_max=Fraction(1), divisor=Fraction(2),
    )  # fmt: skip
    project = Project(1_000, Fraction(1), share=Fraction(1))

    # Half a fen a tonne is a fen, so a thousand tonnes cost a thousand fen.
    assert round_half_up(Fraction(1, 2)) == 1
    assert price(1_000 * TCE, project, terms).fee_fen == 1_000


def test_where_there_is_no_duty_nobody_buys():
    terms = DutyTerms(DutyFormula.NONE, ("none",), 0)

    assert duty(Project(10**9, Fraction(9), use="none"), terms).amount_kgce == 0
