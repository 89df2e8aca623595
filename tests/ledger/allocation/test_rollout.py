"""Classes open on their days; the past is counted as the year is; flow derives from rights."""

import msgspec
import pytest

from ledger.allocation.certificate import FormaliseEntitlement, PreIssueEntitlements
from ledger.allocation.confirm import ConfirmEntitlements, EntitlementLine
from ledger.approve import proposing
from tests.build import decided_by
from tests.conftest import DAY
from tests.ledger.allocation.build import (
    DISTRICT,
    FLOW,
    TOWN,
    agreed,
    allocation,
    allocation_ledger,
    cement,
    end_the_year,
    final,
    issued,
    past,
    plan,
    planning,
    record,
    refused,
    refused_alone,
    set_budget,
    truing,
)
from tests.ledger.allocation.test_entrants import admitting, entrant
from tests.ledger.metering.build import adopt_factors

EVIDENCE = "cd" * 32
RIGHT = "energy.standing.two_high.t2030.eq.990100"


def dates(**days):
    return {f"rollout__opens__{key}": value for key, value in days.items()}


def test_a_class_is_closed_the_day_before_it_opens_and_open_on_the_day(engine, clock):
    days = dates(
        coal_increment="2025-01-02",
        coal_stock="2025-01-03",
        other_increment="2025-01-04",
        other_stock="2025-01-05",
    )
    bench = allocation_ledger(engine, clock, **days)
    set_budget(bench, 10_000_000_000)
    set_budget(bench, 10_000_000_000, measure="coal")
    opened = []
    for day in range(1, 7):
        tries = {
            "coal_stock": plan(bench, cement(), measure="coal"),
            "other_stock": plan(bench, cement()),
        }
        opened += [(day, name) for name, answer in tries.items() if answer.ok]
        if day == 4:
            assert tries["other_stock"].code == "class_not_open"
            assert tries["other_stock"].facts == {
                "district": TOWN,
                "quota_class": "other_stock",
                "opens_on": "2025-01-05",
                "today": "2025-01-04",
            }
        clock.advance(DAY)

    assert [name for day, name in opened if name == "coal_stock"] == ["coal_stock"] * 4
    assert opened[0] == (3, "coal_stock")
    assert [day for day, name in opened if name == "other_stock"] == [5, 6]


def test_the_increment_opens_on_its_own_day(engine, clock):
    bench = allocation_ledger(engine, clock, **dates(other_increment="2025-01-02"))
    set_budget(bench, 10_000_000)
    closed = refused(bench, admitting(entrant()))
    clock.advance(DAY)
    opened = refused(bench, admitting(entrant()))

    assert (closed.code, closed.facts["opens_on"]) == ("class_not_open", "2025-01-02")
    assert opened.code == "reserve_exhausted"


def test_an_older_release_knew_no_opening_days(sqlite_engine, clock):
    with decided_by("3"):
        bench = allocation_ledger(sqlite_engine, clock, **dates(other_stock="2030-01-01"))
        set_budget(bench, 10_000_000_000)

        assert plan(bench, cement()).ok


@pytest.fixture
def looking_back(engine, clock):
    bench = allocation_ledger(engine, clock)
    set_budget(bench, 10_000_000_000)
    return bench


def years(**changes):
    return tuple(past("E4", year, 30_000, **changes) for year in (2022, 2023, 2024))


def grandfathered(bench):
    line = msgspec.structs.replace(cement("E4"), product="", output=0, method="grandfathering")
    return plan(bench, line)


def test_the_past_is_counted_as_the_year_s_obligation_is(looking_back):
    bench = looking_back
    record(bench, *years())
    assert grandfathered(bench).ok  # nobody says how it is counted

    record(bench, past("E4", 2023, 30_000, basis="cal"))
    other_basis = grandfathered(bench)
    record(bench, past("E4", 2023, 30_000, basis="eq", edition="2020"))
    one_edition = grandfathered(bench)
    record(bench, past("E4", 2024, 30_000, basis="eq", edition="2024"))
    two_editions = grandfathered(bench)

    assert other_basis.code == "history_basis_other"
    assert (other_basis.facts["found"], other_basis.facts["needed"]) == ("cal", "eq")
    assert one_edition.ok
    assert (two_editions.facts["what"], two_editions.facts["found"]) == ("edition", "2024")


def test_the_edition_adopted_for_the_vintage_is_the_one_needed(looking_back):
    bench = looking_back
    adopt_factors(bench)
    record(bench, *years(edition="of old"))

    answer = grandfathered(bench)

    assert (answer.code, answer.facts["found"]) == ("history_basis_other", "of old")
    record(bench, *years(edition=answer.facts["needed"]))
    assert grandfathered(bench).ok


def right(amount, document, *, enterprise="E1", last_year=2030):
    return EntitlementLine(enterprise, "energy", amount, last_year, document)


def by_entitlement(bench, **changes):
    line = msgspec.structs.replace(cement(), product="", output=0, method="entitlement", **changes)
    return plan(bench, line)


def formalising(**changes):
    fields = {
        "enterprise": "E1",
        "document": "P-2",
        "acceptance": "验收〔2025〕3号",
        "evidence": EVIDENCE,
    }
    return FormaliseEntitlement(**(fields | changes))


def test_the_flow_of_a_year_derives_from_formal_rights_in_force(looking_back, clock):
    bench = looking_back
    rights = (right(70_000, "R-1"), right(5_000, "R-2", last_year=2025))
    agreed(bench, ConfirmEntitlements(rows=rights)).require()
    agreed(bench, PreIssueEntitlements(rows=(right(30_000, "P-2"),))).require()

    # The pre-issued right is held, but counts only when the project is accepted.
    assert (
        bench.balance("enterprise:E1:entitlement", "energy.standing.two_high.t2030.eq.990100")
        == 100_000
    )
    assert by_entitlement(bench).require().result["requested"] == 75_000
    agreed(bench, formalising()).require()
    assert by_entitlement(bench).require().result["requested"] == 105_000
    assert by_entitlement(bench, reduction="0.1").require().result["requested"] == 94_500
    set_budget(bench, 10_000_000_000, year=2026, document="DOC-2")
    line = planning(
        msgspec.structs.replace(cement(), product="", output=0, method="entitlement"), year=2026
    )
    assert bench.do(line, actor=DISTRICT).require().result["requested"] == 100_000


@pytest.mark.parametrize("decision", [pytest.param("P-2", id="rights-06g RULE")])
def test_a_certificate_becomes_formal_only_by_its_acceptance(sqlite_engine, clock, decision):
    bench = allocation_ledger(sqlite_engine, clock)
    agreed(bench, ConfirmEntitlements(rows=(right(1, "R-1"),))).require()
    agreed(bench, PreIssueEntitlements(rows=(right(1, decision),))).require()
    refusals = {
        "certificate_not_pre_issued": ({"document": "P-9"}, {"document": "R-1"}),
        "acceptance_document_missing": ({"acceptance": ""}, {"acceptance": " "}),
        "allocation_evidence_malformed": ({"evidence": "1"},),
    }
    for code, cases in refusals.items():
        for changes in cases:
            assert refused(bench, formalising(**changes)).code == code, changes
    nobody = refused_alone(bench, proposing(formalising(enterprise="E8")), actor=DISTRICT)
    assert nobody.code == "party_unknown"

    assert agreed(bench, formalising()).require().result["formal"] == 1
    assert refused(bench, formalising()).facts["state"] == "formal"


def test_an_allocation_by_entitlement_needs_no_output_and_takes_no_product(looking_back, clock):
    bench = looking_back
    agreed(bench, ConfirmEntitlements(rows=(right(100_000, "R-1"),))).require()
    wrong = plan(bench, cement(method="entitlement"))
    line = msgspec.structs.replace(cement(), product="", output=0, method="entitlement")
    issued(bench, line)
    end_the_year(bench, clock)
    final(bench, "E1")

    agreed(bench, truing()).require()

    assert wrong.code == "allocation_terms_malformed"
    assert allocation(bench, product="").granted == 100_000
    assert bench.balance("enterprise:E1:holding", FLOW) == 100_000


def test_the_leader_level_looks_at_what_was_made_in_three_years(looking_back):
    bench = looking_back
    made = zip((2022, 2023, 2024), (900_000, 1_000_000, 1_100_000), strict=True)
    record(bench, *(past("E1", year, 1, product="cement", output=output) for year, output in made))

    answer = plan(bench, cement(method="leader_level", benchmark="90", reduction="1/10", output=7))

    # A million tonnes a year at 90 kgce, a tenth of the capacity to be cut.
    assert answer.require().result["requested"] == 81_000_000
