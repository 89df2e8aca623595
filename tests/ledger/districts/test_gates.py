"""Gates of new projects, listed quota, and regional assessments."""

import msgspec
import pytest
from sqlalchemy.orm import Session

from ledger.allocation.entrants import AdmitEntrants, EntrantLine
from ledger.allocation.listed import HandOverListing
from ledger.allocation.tables import EntitlementRow
from ledger.approve import proposing
from ledger.command import Payload
from ledger.districts.assess import AssessGate
from ledger.districts.enforce import ReserveBudget
from ledger.districts.gate_tables import GateVerdictRow
from ledger.districts.listing import ApplyForListing, DecideListing
from ledger.districts.passed import require_passed_gate
from ledger.districts.region import AssessRegion, LinkProject
from ledger.subject import Handler, Role, Subject
from tests.build import DISTRICT, REGULATOR
from tests.ledger.allocation.build import parameter, refused, refused_alone
from tests.ledger.districts.city import (
    ADMITTING,
    BANDED,
    EAST,
    ENTERPRISES,
    SATURATED,
    agreed,
    caps,
    city_ledger,
)

FEN_PER_10K_YUAN = 1_000_000


class Pass(Payload, frozen=True):
    """Ask whether a project has passed, as a plan of substitution does."""

    kind = "test.pass"
    project: str
    district: str


def ask(work, payload):
    require_passed_gate(work, payload.project, payload.district)
    return {}


ASKING = Subject("asking", (Handler(Pass, ask, makers=frozenset({Role.DISTRICT_REGULATOR})),))


@pytest.fixture
def bench(engine, clock):
    return city_ledger(engine, clock, ASKING)


def assessing(district, **changes):
    owner = next(name for name, place in ENTERPRISES.items() if place == district)
    fields = {
        "project": "P1",
        "enterprise": owner,
        "district": district,
        "energy_kgce": 200_000,
        "document": "G-1",
    }
    return msgspec.convert(fields | changes, AssessGate)


def verdict(bench, district, **changes):
    answer = bench.do(assessing(district, **changes), actor=DISTRICT)
    return answer.result["verdict"] if answer.ok else answer.code


def passes(bench, district, project="P1"):
    return bench.do(Pass(project, district), actor=DISTRICT).ok


def test_three_bands_begin_at_their_lines(bench):
    """A thousand times 10,000 yuan of value added: 230 tce are 0.23 tce per 10,000 yuan."""
    value = 1_000 * FEN_PER_10K_YUAN
    cases = (
        (229_999, "guaranteed", True),
        (230_000, "apply_for_listing", False),
        (999_999, "apply_for_listing", False),
        (1_000_000, "no_path", False),
    )

    assert not passes(bench, BANDED)
    for energy_kgce, found, may_go_on in cases:
        assert verdict(bench, BANDED, energy_kgce=energy_kgce, value_added_fen=value) == found
        assert passes(bench, BANDED) is may_go_on, energy_kgce


def test_feedstock_is_no_intensity_where_the_pack_says_so_and_the_sheet_shows_it(bench):
    found = verdict(
        bench,
        BANDED,
        energy_kgce=1_200_000,
        feedstock_kgce=1_000_000,
        value_added_fen=1_000 * FEN_PER_10K_YUAN,
    )

    assert found == "guaranteed"
    with Session(bench.engine) as session:
        row = session.query(GateVerdictRow).one()
    sheet = msgspec.json.decode(row.sheet)
    assert "dongsheng@" in sheet["pack_version"]
    assert "sample@" in sheet["pack_version"]
    assert [step["result"] for step in sheet["steps"]] == ["0.2", "guaranteed"]
    assert (row.gate, row.asks, row.place) == ("three_bands", 1_200_000, 1_000_000)


def admitting(enterprise, **changes):
    line = EntrantLine(enterprise, 1_000, "节能审查〔2025〕1号", "ab" * 32, **changes)
    return AdmitEntrants(district=BANDED, year=2025, measure="energy", rows=(line,))


def test_an_entrant_gets_nothing_of_the_reserve_with_a_project_that_has_no_path(bench):
    """At the city's benchmark there is no path, one unit of intensity below the line there is."""
    bench.both(caps(d150602=100_000_000)).require()
    set_aside = ReserveBudget(district=BANDED, year=2025, measure="energy", document="R-1")
    agreed(bench, set_aside).require()
    owner = next(name for name, place in ENTERPRISES.items() if place == BANDED)
    value = 1_000 * FEN_PER_10K_YUAN

    unnamed = refused(bench, admitting(owner))
    verdict(bench, BANDED, energy_kgce=1_000_000, value_added_fen=value)
    barred = refused(bench, admitting(owner, project="P1"))
    verdict(bench, BANDED, energy_kgce=229_999, value_added_fen=value)

    assert (unnamed.code, unnamed.facts["verdict"]) == ("gate_not_passed", "none")
    assert (barred.code, barred.facts["verdict"]) == ("gate_not_passed", "no_path")
    assert agreed(bench, admitting(owner, project="P1")).require().result["admitted"] == 1


JUDGED = (
    (ADMITTING, {"unit_use": "107"}, "admitted"),
    (ADMITTING, {"unit_use": "107.000001"}, "below_admission"),
    (SATURATED, {"project_class": "restricted", "saturation": "emerging"}, "banned"),
    (SATURATED, {"project_class": "eliminated", "saturation": "saturated"}, "banned"),
    (
        SATURATED,
        {"project_class": "permitted", "saturation": "saturated"},
        "reducing_substitution",
    ),
    (
        SATURATED,
        {"project_class": "permitted", "saturation": "not_saturated", "unit_use": "100"},
        "advanced",
    ),
    (
        SATURATED,
        {"project_class": "permitted", "saturation": "not_saturated", "unit_use": "100.1"},
        "below_advanced",
    ),
    (SATURATED, {"project_class": "encouraged", "saturation": "emerging"}, "statement_missing"),
    (
        SATURATED,
        {"project_class": "encouraged", "saturation": "emerging", "statement": "LC-1"},
        "low_carbon",
    ),
    (EAST, {}, "no_gate"),
    (BANDED, {}, "gate_input_missing"),
    (ADMITTING, {}, "gate_input_missing"),
    (ADMITTING, {"unit_use": "1", "product": "glass"}, "parameter_missing"),
    (ADMITTING, {"unit_use": "1e2"}, "amount_malformed"),
    (SATURATED, {"saturation": "saturated"}, "gate_input_missing"),
    (SATURATED, {"project_class": "permitted"}, "gate_input_missing"),
    (EAST, {"energy_kgce": 0}, "amount_not_positive"),
    (EAST, {"feedstock_kgce": 200_001}, "amount_not_positive"),
    (EAST, {"enterprise": "E2"}, "party_unknown"),
    (EAST, {"document": ""}, "decision_missing"),
    (EAST, {"priority": "coal_mines"}, "priority_unknown"),
)
"""District, what is stated beside the product, and the verdict or refusal it comes to."""

PASSING = {"admitted", "reducing_substitution", "advanced", "low_carbon", "no_gate"}


def test_each_gate_judges_by_what_it_asks(bench):
    for number, (district, changes, found) in enumerate(JUDGED):
        stated = {"product": "cement_clinker", "project": f"P{number}"} | changes

        assert verdict(bench, district, **stated) == found, stated
        may_go_on = found in PASSING or district == EAST
        assert passes(bench, district, f"P{number}") is may_go_on, stated


def test_the_admitted_are_told_what_to_substitute(bench):
    verdict(bench, ADMITTING, product="cement_clinker", unit_use="107")

    with Session(bench.engine) as session:
        sheet = msgspec.json.decode(session.query(GateVerdictRow).one().sheet)
    assert sheet["steps"][-1]["result"] == "capacity, energy, coal"


def test_a_class_of_the_order_has_its_place(bench):
    verdict(bench, EAST, priority="high_tech")

    with Session(bench.engine) as session:
        assert session.query(GateVerdictRow).one().place == 2


def applying(**changes):
    fields = {"project": "P1", "amount_kgce": 200_000, "last_year": 2030, "document": "L-1"}
    return msgspec.convert(fields | changes, ApplyForListing)


def deciding(**changes):
    fields = {
        "project": "P1",
        "finding": "granted",
        "amount_kgce": 200_000,
        "document": "L-2",
    }
    return msgspec.convert(fields | changes, DecideListing)


def test_listed_quota_is_asked_granted_and_handed_to_its_project_alone(bench):
    bench.both(caps(d990101=200_000)).require()
    value = 400 * FEN_PER_10K_YUAN
    listed = f"energy.standing.general.t2030.eq.{BANDED}-P1"
    assert refused_alone(bench, applying()).code == "listing_not_open"
    verdict(bench, BANDED, value_added_fen=value)

    assert refused_alone(bench, applying(amount_kgce=0)).code == "amount_not_positive"
    assert refused_alone(bench, applying(last_year=2024)).code == "listing_not_open"
    assert refused_alone(bench, proposing(deciding())).code == "listing_not_ready"
    bench.do(applying(), actor=DISTRICT).require()
    assert refused_alone(bench, applying()).code == "listing_not_open"
    assert not passes(bench, BANDED)
    answer = refused(bench, deciding(amount_kgce=200_001), maker=REGULATOR)
    assert (answer.code, answer.facts["available"]) == ("listing_exceeded", 200_000)
    handing = HandOverListing(project="P1", document="L-3")
    assert refused(bench, handing).code == "listing_not_ready"
    bench.both(deciding(finding="refused", amount_kgce=0)).require()
    bench.do(applying(document="L-4"), actor=DISTRICT).require()
    answer = bench.both(deciding(document="L-5")).require()

    assert answer.result["asset"] == listed
    assert bench.balance(f"district:{BANDED}:listed", listed) == 200_000
    assert passes(bench, BANDED)
    agreed(bench, handing).require()
    assert bench.balance(f"district:{BANDED}:listed", listed) == 0
    assert bench.balance("enterprise:E3:entitlement", listed) == 200_000
    assert refused(bench, handing).code == "listing_not_ready"
    with Session(bench.engine) as session:
        right = session.query(EntitlementRow).one()
    assert (right.enterprise, right.amount, right.asset) == ("E3", 200_000, listed)


def test_a_city_with_a_budget_lists_no_more_than_its_headroom(bench):
    """The district stands alone here, so that its own budget bears what is listed."""
    row = caps(d150602=199_999).rows[0]
    bench.both(type(caps())(rows=(row,))).require()
    verdict(bench, BANDED, value_added_fen=400 * FEN_PER_10K_YUAN)
    bench.do(applying(), actor=DISTRICT).require()

    answer = refused(bench, deciding(), maker=REGULATOR)
    assert (answer.code, answer.facts["available"]) == ("budget_exceeded", 199_999)
    bench.both(deciding(amount_kgce=199_999)).require()


def area(**changes):
    fields = {
        "region": "A1",
        "district": EAST,
        "name": "Park",
        "total_kgce": 300_000,
        "intensity": "0.5",
        "last_year": 2026,
        "document": "A-1",
        "negative_list": ["CEMENT"],
    }
    return msgspec.convert(fields | changes, AssessRegion)


def linking(**changes):
    fields = {
        "region": "A1",
        "project": "P1",
        "enterprise": "E1",
        "sector": "TEXTILES",
        "energy_kgce": 200_000,
        "value_added_fen": 400 * FEN_PER_10K_YUAN,
        "document": "A-2",
    }
    return msgspec.convert(fields | changes, LinkProject)


def test_a_project_that_meets_its_areas_assessment_takes_of_what_is_left(bench):
    assert refused(bench, area(intensity="0,5"), maker=REGULATOR).code == "amount_malformed"
    assert refused(bench, area(total_kgce=0), maker=REGULATOR).code == "amount_not_positive"
    bench.both(area()).require()
    assert refused(bench, area(), maker=REGULATOR).code == "region_exists"
    unknown = refused_alone(bench, proposing(linking(region="A9")), actor=DISTRICT)
    assert unknown.code == "region_unknown"
    for changes, code in (
        ({"sector": "CEMENT"}, "region_standard_missed"),
        ({"value_added_fen": 400 * FEN_PER_10K_YUAN - 1}, "region_standard_missed"),
        ({"energy_kgce": 0}, "amount_not_positive"),
    ):
        assert refused(bench, linking(**changes)).code == code

    answer = agreed(bench, linking()).require()

    assert answer.result["remaining_kgce"] == 100_000
    answer = refused(bench, linking(project="P2", energy_kgce=100_001))
    assert (answer.code, answer.facts["available"]) == ("region_exceeded", 100_000)
    agreed(bench, linking(project="P2", energy_kgce=100_000)).require()
    assert refused(bench, linking()).code == "region_standard_missed"


def test_a_linked_project_has_passed_the_gate_with_its_area(bench):
    bench.both(area(district=BANDED, negative_list=[])).require()
    assert not passes(bench, BANDED)

    agreed(bench, linking(enterprise="E3")).require()

    assert passes(bench, BANDED)


def test_a_gate_that_no_program_knows_stops_everything(sqlite_engine, clock):
    own = [parameter("gate.kind", "lottery", "choice")]
    bench = city_ledger(sqlite_engine, clock, ASKING, own=own)

    assert verdict(bench, EAST) == "gate_unknown"
    assert not passes(bench, EAST)
