"""Lists of two-high industries, the register that rests on them, and who must approve."""

from datetime import date

import msgspec
import pytest
import sqlalchemy as sa

import seeds
from ledger.command import read_payload
from ledger.db import reading
from ledger.policy import to_plain
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.substitution.accept import AcceptProject
from ledger.substitution.commission import CommissionProject
from ledger.substitution.industry import AdoptIndustries, IndustryLine
from ledger.substitution.register import EnterTwoHigh, TwoHighLine
from ledger.substitution.register_steps import ClassifyTwoHigh, MoveTwoHigh
from tests.build import DISTRICT, REGULATOR, SECOND_REGULATOR, SECOND_SECURITY, SECURITY
from tests.ledger.substitution.five import NEEDED, OFFERED, accept, build
from tests.ledger.substitution.test_terms import city
from tests.ledger.substitution.world import (
    HASH,
    adopt,
    closure,
    free,
    lines,
    open_city,
    plan,
    project,
    refused,
    refused_alone,
    shipped,
)

LISTS = seeds.read_industry_lists()
TWO = (REGULATOR, SECOND_REGULATOR)
REVIEW = date(2027, 6, 30)


def industries(shipped="sample_2025", **facts):
    return read_payload(AdoptIndustries, {**msgspec.to_builtins(LISTS[shipped]), **facts})


def line(entry="TH1", **facts):
    return TwoHighLine(
        **{
            "entry": entry,
            "name": "水泥熟料线",
            "enterprise": "E3",
            "industry": "cement_clinker",
            "state": "proposed",
            "adds_capacity": "yes",
            "energy_kgce": 49_999_999,
            "review_by": REVIEW,
            **facts,
        }
    )


def enter(*rows, **facts):
    return EnterTwoHigh(**{"district": "990102", "document": "清单1号", "rows": rows, **facts})


def move(state, entry="TH1"):
    return MoveTwoHigh(entry=entry, state=state, document="变更1号")


def register(bench):
    with reading(bench.engine) as connection:
        rows = connection.execute(sa.text("SELECT * FROM two_high_register ORDER BY id"))
        return {row["id"]: row for row in rows.mappings()}


@pytest.fixture
def listed(light):
    light.both(industries()).require()
    return light


def test_every_shipped_list_can_be_adopted(bench):
    for version in LISTS:
        bench.both(industries(version)).require()

    again = refused(bench, industries(), by=TWO)
    with reading(bench.engine) as connection:
        rows = connection.execute(
            sa.text("SELECT version, count(DISTINCT link) FROM two_high_industries GROUP BY 1")
        ).all()
    assert again.code == "industry_list_exists"
    assert dict(map(tuple, rows)) == {
        "sample_2025": 5,
        "shandong_2021_06": 16,
        "shandong_2022_01": 16,
    }


def test_a_list_that_is_not_well_described_is_refused(light):
    faults = {
        "industry_word_malformed": {"version": "Sample"},
        "industry_list_days_reversed": {"valid_to": "2024-12-31"},
        "decision_document_missing": {"document": " "},
        "rows_empty": {"rows": []},
    }

    found = {code: refused(light, industries(**one), by=TWO).code for code, one in faults.items()}

    assert found == {code: code for code in faults}


def test_every_bad_row_of_a_list_is_named(light):
    good = IndustryLine("steel", "steel", "钢铁", "Steel")
    payload = msgspec.structs.replace(
        industries(), rows=(good, good, IndustryLine("Lime", "lime", "石灰", "Lime"))
    )

    answer = refused(light, payload, by=TWO)

    assert answer.code == "rows_refused"
    assert answer.facts["codes"] == "industry_twice,industry_word_malformed"


def test_a_line_keeps_what_list_and_packs_say_on_its_day(bench):
    bench.both(industries()).require()
    rows = (
        line(),
        line("TH2", energy_kgce=50_000_000, industry="aluminium_works"),
        line("TH3", energy_kgce=50_000_000, adds_capacity="no", state="existing"),
    )

    bench.do(enter(*rows)).require()

    found = register(bench)
    assert [(one["category"], one["guidance"], one["state"]) for one in found.values()] == [
        ("two_high", "no", "proposed"),
        ("two_high_one_low", "yes", "proposed"),
        ("two_high", "no", "existing"),
    ]
    assert {one["list_version"] for one in found.values()} == {"sample_2025"}


def test_a_line_that_is_not_well_described_is_refused(listed):
    faults = (
        ({"industry": "textile"}, "industry_unknown"),
        ({"entry": "th1"}, "party_id_malformed"),
        ({"enterprise": "E9"}, "party_unknown"),
        ({"energy_kgce": -1}, "amount_not_positive"),
        ({"review_by": date(2026, 6, 30)}, "review_day_past"),
        ({"facility": "F1"}, "party_unknown"),
        ({"project": "P9"}, "project_unknown"),
    )

    found = [refused_alone(listed, enter(line(**facts))) for facts, _ in faults]

    assert [one.code for one in found] == [code for _, code in faults]
    assert found[0].facts["version"] == "sample_2025"


def test_a_list_must_be_in_the_ledger_and_in_force(light):
    missing = refused_alone(light, enter(line()))
    light.both(industries(valid_to="2026-06-29")).require()
    over = refused_alone(light, enter(line()))

    assert [missing.code, over.code] == ["industry_list_not_in_force"] * 2
    assert over.facts == {"version": "sample_2025", "on": "2026-06-30"}


def test_a_line_is_entered_once_and_no_bad_row_enters_the_others(listed):
    listed.do(enter(line())).require()

    again = refused_alone(listed, enter(line()))
    many = refused_alone(listed, enter(line("TH2"), line("TH1")))

    assert again.code == "two_high_exists"
    assert (many.code, many.facts["codes"]) == ("rows_refused", "two_high_exists")


def test_a_line_is_classified_by_the_classes_of_the_pack(listed):
    listed.do(enter(line())).require()

    def classify(disposition, **facts):
        return ClassifyTwoHigh(
            **{
                "entry": "TH1",
                "disposition": disposition,
                "document": "处置1号",
                "review_by": REVIEW,
                **facts,
            }
        )

    unknown = refused_alone(listed, classify("burn"))
    absent = refused_alone(listed, classify("upgrade", entry="TH9"))
    listed.do(classify("upgrade")).require()

    assert unknown.code == "disposition_unknown"
    assert unknown.facts["accepted"] == "keep, upgrade, rectify, phase_out"
    assert absent.code == "two_high_unknown"
    assert register(listed)["TH1"]["disposition"] == "upgrade"


def test_a_line_moves_forward_only(listed):
    listed.do(enter(line())).require()

    skipped = refused_alone(listed, move("existing"))
    listed.do(move("under_construction")).require()
    same = refused_alone(listed, move("under_construction"))
    listed.do(move("existing")).require()
    listed.do(move("removed")).require()
    over = refused_alone(listed, move("existing"))

    assert {one.code for one in (skipped, same, over)} == {"two_high_move_refused"}
    assert over.facts["accepted"] == ""


def test_a_line_waits_for_its_project(listed):
    free(listed, closure("S1", measures=lines(NEEDED)))
    build(listed, *OFFERED)
    listed.do(enter(line(project="P1"))).require()

    another = refused_alone(listed, enter(line("TH2", project="P1", enterprise="E1")))
    early = refused_alone(listed, move("under_construction"))
    accept(listed).require()
    listed.do(move("under_construction")).require()
    idle = refused_alone(listed, move("existing"))
    begun = CommissionProject(
        project="P1", commissioned_on=date(2026, 6, 30), document="投产1号", evidence=HASH
    )
    listed.do(begun).require()
    listed.do(move("existing")).require()

    assert another.code == "project_of_another"
    assert (early.code, early.facts["state"]) == ("two_high_too_early", "planned")
    assert (idle.facts["state"], idle.facts["needed"]) == ("accepted", "commissioned")


@pytest.fixture
def shandong(sqlite_engine, clock):
    """Shandong's tiers over a city that asks for energy at 6/5, with a city officer of 990102."""
    bench = open_city(sqlite_engine, clock, packs=("national",))
    adopt(bench, to_plain(shipped()["shandong"]))
    city(
        bench,
        {
            "substitution.measures": (["energy"], "choices"),
            "substitution.ratio.energy": ("6/5", "ratio"),
            "substitution.pool_area": ("city", "choice"),
        },
    )
    bench.both(industries("shandong_2022_01")).require()
    officer = (Grant("person:CITY", Role.CITY_REGULATOR, "district:990102"),)
    bench.both(GrantRoles(grants=officer), maker=SECURITY, checker=SECOND_SECURITY).require()
    free(bench, closure("S1", measures=lines({"energy": 400_000_000})))
    return bench


CITY_OFFICER, PROVINCE = "person:CITY", SECOND_REGULATOR
TIERS = (
    ("cement_clinker", 1_000, CITY_OFFICER, {}, "approval_too_low"),
    ("cement_clinker", 1_000, CITY_OFFICER, {"approval": "省发改1号"}, "ok"),
    ("cement_clinker", 1_000, PROVINCE, {}, "ok"),
    ("lime", 1_000, CITY_OFFICER, {}, "ok"),
    ("glass", 1_000, CITY_OFFICER, {}, "industry_unknown"),
    # Shandong: above 50,000 tce; exactly that much is free.
    ("lime", 50_000_000, CITY_OFFICER, {}, "ok"),
    ("lime", 50_000_001, CITY_OFFICER, {}, "window_guidance_missing"),
    ("lime", 50_000_001, CITY_OFFICER, {"guidance": "窗口1号"}, "ok"),
)


def test_some_industries_go_up_to_the_province(shandong):
    for number, (industry, added, checker, said, code) in enumerate(TIERS):
        project_id = f"P{number}"
        # 6/5 of the addition; of 50,000,001 that is 60,000,001.2, so one more.
        offered = 1_200 if added == 1_000 else 60_000_002
        facts = {"additions": {"energy": added}, "code": project_id, "industry": industry}
        build(shandong, ("S1-ENERGY", offered), **facts)
        payload = AcceptProject(project=project_id, **said)
        if code == "ok":
            shandong.both(payload, maker=DISTRICT, checker=checker).require()
        else:
            assert refused(shandong, payload, by=(DISTRICT, checker)).code == code, number


ENERGY_ALONE = {
    "substitution.measures": (["energy"], "choices"),
    "substitution.ratio.energy": ("6/5", "ratio"),
    "substitution.pool_area": ("city", "choice"),
}
SATURATED = {
    "substitution.applies_when": ("capacity_saturated", "choice"),
    "substitution.measures_when_saturated": (["energy"], "choices"),
}


@pytest.mark.parametrize(
    ("capacity", "code"),
    [
        ("", "saturation_not_stated"),
        ("not_saturated", "substitution_not_required"),
        ("saturated", "ok"),
    ],
)
def test_only_a_saturated_trade_substitutes_where_the_pack_says_so(
    sqlite_engine, clock, capacity, code
):
    """Anshun: 若对应行业产能已饱和，按照“减量替代”原则压减产能."""
    bench = open_city(sqlite_engine, clock, packs=("national",))
    city(bench, {**ENERGY_ALONE, **SATURATED}, parent="national")
    free(bench, closure("S1", measures=lines({"energy": 1_200})))
    build(bench, ("S1-ENERGY", 1_200), additions={"energy": 1_000})
    payload = AcceptProject(project="P1", capacity=capacity)

    if code == "ok":
        bench.both(payload, maker=DISTRICT, checker=SECOND_REGULATOR).require()
    else:
        assert refused(bench, payload, by=(DISTRICT, SECOND_REGULATOR)).code == code


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"substitution.energy_sources": (["energy_saving"], "choices")}, "energy_saving_needed"),
        ({"substitution.source_consent": ("anybody", "choice")}, "source_consent_unknown"),
        ({"substitution.source_consent": ("holder", "choice")}, "source_not_held"),
    ],
)
def test_the_pack_says_whose_sources_and_which_count(sqlite_engine, clock, values, code):
    """Lianyungang's 节能量替代 takes no closure; a city that pools nothing takes the holder's."""
    bench = open_city(sqlite_engine, clock, packs=("national",))
    city(bench, {**ENERGY_ALONE, **values}, parent="national")
    free(bench, closure("S1", measures=lines({"energy": 1_200})))
    bench.do(project(additions={"energy": 1_000})).require()

    answer = refused_alone(bench, plan("P1", ("S1-ENERGY", 1_200)))

    assert answer.code == code


def test_a_permission_is_one_of_four_words(sqlite_engine, clock):
    bench = open_city(sqlite_engine, clock, packs=("national",))
    stated = {"substitution.permission.two_high.two_high": ("perhaps", "choice")}
    city(bench, {**ENERGY_ALONE, **stated}, parent="national")
    free(bench, closure("S1", measures=lines({"energy": 1_200})))
    build(bench, ("S1-ENERGY", 1_200), additions={"energy": 1_000})

    answer = refused(bench, AcceptProject(project="P1"), by=(DISTRICT, SECOND_REGULATOR))

    assert answer.code == "permission_unknown"
