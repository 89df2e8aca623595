"""Files are brought in by the ordinary commands: every row or none, once however often sent."""

import csv

import pytest

from api.imports import KINDS, ImportUnknown, commands_of, payloads_of
from ledger.approve import approving
from ledger.roles import RoleMissing
from ledger.rows import RowsRefused
from tests.api.files import (
    BOTH,
    COMPLIANCE,
    FILES,
    FLOW,
    TRADER,
    open_desk,
)
from tests.build import CLEARING, REGULATOR, SECOND_CLEARING
from tests.demo_files import DEMO


@pytest.fixture
def desk(sqlite_engine, clock, tmp_path):
    return open_desk(sqlite_engine, clock, tmp_path)


@pytest.fixture
def either(engine, clock, tmp_path):
    return open_desk(engine, clock, tmp_path)


def test_every_kind_has_a_file_in_these_tests():
    assert list(FILES) == list(KINDS)


def test_every_kind_of_file_is_taken_by_the_ledger(either):
    results = {}
    for kind in FILES:
        either.prepare(kind)
        results[kind] = [dict(answer.result) for answer in either.bring(kind)]

    plan = results["allocations"][0]
    # (1,000 + 1,100 + 1,200) ÷ 3 × 0.98 = 1,078 tce, 60 % of it 646.8, in whole tonnes 646.
    assert (plan["granted"], plan["pre_issued"]) == (1_078_000, 646_000)
    del results["allocations"]
    assert results == {
        "roles": [{"granted": 2}],
        "districts": [{"districts": 2}],
        "sectors": [{"sectors": 2}],
        "enterprises": [{"enterprises": 2}],
        "facilities": [{"facilities": 1}],
        "figures": [{"figures": 1}],
        "meters": [{"meters": 1}],
        "readings": [{"readings": 2, "meters": 1}],
        "history": [{"rows": 3}],
        "entitlements": [{"entitlements": 1}],
        "pre_issued": [{"entitlements": 1}],
        "budgets": [{"budgets": 1}],
        "entrants": [{"admitted": 1, "amount": 1_000, "reserve_left": 0}],
        "evaluations": [{"rows": 1}],
        "ratings": [{"ratings": 1}],
        "facility_marks": [{"facilities": 1}],
        "closures": [{"claims": 1}],
        "retrofits": [{"claims": 1}],
        "projects": [{"projects": 1}],
        "outside_claims": [{"claims": 1}],
        "carbon_memberships": [{"memberships": 1}],
        "certificates": [{"certificates": 100}],
        "deposits": [
            {"entry": 6, "balances": [["enterprise:E1:cash", "cash.cny", 5_000_000]]},
            {"entry": 7, "balances": [["enterprise:E2:cash", "cash.cny", 12_345]]},
        ],
        "industries": [{"version": "sample_2025", "industries": 2}],
        "two_high": [{"district": "990101", "entered": 1}],
        "waivers": [{"waived": ["national:expiry_standing"]}],
        "transfers": [{"transfers": 1, "made": 0, "waiting": 1}],
        "orders": [
            # Its number is that of its command; two audits and one file come after it, then two
            # commands for units and two for a file of transfers.
            {
                "order": either.bench.writer.memory.sequence - 7,
                "state": "new",
                "filled_tce": 0,
                "leaves_tce": 10,
                "fills": [],
            }
        ],
    }


def test_amounts_in_tonnes_and_yuan_arrive_as_whole_minor_units(either):
    either.bring_until("orders")

    assert either.bench.balance("enterprise:E1:cash", "cash.cny") == 5_000_000
    assert either.bench.balance("enterprise:E2:cash", "cash.cny") == 12_345
    # Of the five million a thousand are set aside for the entrant.
    assert either.bench.balance("district:990101:budget", FLOW) == 4_999_000


def test_the_same_file_sent_twice_is_one_import(either):
    either.bring_until("enterprises")
    path = either.file("enterprises")
    first = either.send("enterprises", path)
    before = either.bench.digest()

    second = either.send("enterprises", path)

    assert second == first
    assert either.bench.digest() == before


def test_the_same_file_is_one_import_after_a_restart_too(desk):
    desk.bring_until("enterprises")
    path = desk.file("enterprises")
    first = desk.send("enterprises", path)
    desk.bench.restart()

    assert desk.send("enterprises", path) == first


def test_the_same_rows_under_another_name_are_another_import(desk):
    desk.bring_until("enterprises")
    desk.bring("enterprises")
    copied = desk.file("enterprises", name="again.csv")

    (answer,) = desk.send("enterprises", copied)

    assert answer.code == "rows_refused"
    assert answer.facts["codes"] == "party_exists"


def test_the_same_file_brought_in_by_another_person_is_an_import_of_its_own(desk):
    desk.bring_until("readings")
    path = desk.file("readings")
    desk.send("readings", path, actor=COMPLIANCE)
    before = desk.bench.digest()

    (answer,) = desk.send("readings", path, actor=REGULATOR)

    assert answer.code in ("rows_refused", "reading_duplicate")
    assert desk.bench.digest() == before


def test_another_attempt_of_the_same_file_is_another_import(desk):
    path = desk.file("districts")
    first = commands_of("districts", path, actor=REGULATOR, subjects=desk.bench.subjects)
    again = commands_of("districts", path, actor=REGULATOR, subjects=desk.bench.subjects)
    other = commands_of(
        "districts", path, actor=REGULATOR, subjects=desk.bench.subjects, attempt="2"
    )

    assert first == again
    assert first[0].id != other[0].id


def test_a_row_the_ledger_refuses_keeps_every_row_out(either):
    either.bring_until("enterprises")
    wrong = FILES["enterprises"].replace("E,990101,TEXTILE", "F,990101,TEXTILE")
    before = either.bench.digest()

    (answer,) = either.send("enterprises", either.file("enterprises", wrong))

    assert answer.code == "rows_refused"
    assert (answer.facts["refused"], answer.facts["rows"]) == (1, 2)
    assert answer.facts["codes"] == "credit_code_wrong"
    assert either.bench.digest() == before


@pytest.mark.parametrize(
    ("kind", "good", "bad", "code"),
    [
        ("roles", "auditor", "owner", "cell_not_listed"),
        ("districts", "990101,甲区", "=990101,甲区", "cell_is_formula"),
        ("sectors", ",no", ",maybe", "cell_not_listed"),
        ("enterprises", "GROUP-A", "GROUP-A,", "row_ragged"),
        ("facilities", "750000", "7.5e5", "cell_not_an_integer"),
        ("figures", ",sample,", ",certain,", "cell_not_listed"),
        ("meters", "consumed", "=consumed", "cell_is_formula"),
        ("readings", "2500.5", "=2500.5", "cell_is_formula"),
        ("history", "1000.000", "1000.0005", "cell_not_an_amount"),
        ("entitlements", "1100000", "", "cell_empty"),
        ("budgets", "5000000", "5000000.0", "cell_not_an_integer"),
        ("allocations", "grandfathering", "guessing", "cell_not_listed"),
        ("deposits", "123.45", "123.456", "cell_not_an_amount"),
        ("orders", "buy", "hold", "cell_not_listed"),
    ],
)
def test_a_bad_cell_keeps_the_whole_file_out(desk, kind, good, bad, code):
    desk.bring_until(kind)
    before = desk.bench.digest()
    assert FILES[kind].count(good) == 1
    path = desk.file(kind, FILES[kind].replace(good, bad))

    with pytest.raises(RowsRefused) as refused:
        desk.send(kind, path)

    ((row, problem),) = refused.value.problems
    assert problem.code == code
    assert row == 1 + FILES[kind][: FILES[kind].index(good)].count("\n")
    assert desk.bench.digest() == before


def test_every_row_of_a_file_of_orders_is_a_command_of_its_own(desk):
    desk.bring_until("orders")
    desk.open_market()
    rows = "E25,E1,buy,100.50,10\nE25,E1,buy,200.00,10\nE25,E1,buy,99.00,1\n"
    path = desk.file("orders", FILES["orders"].splitlines(keepends=True)[0] + rows)

    answers = desk.send("orders", path)

    assert [answer.code for answer in answers] == ["ok", "outside_band", "ok"]


def test_what_needs_four_eyes_becomes_a_proposal(either):
    either.bring_until("deposits")
    path = either.file("deposits")
    before = either.bench.balance("bank:settlement", "cash.cny")

    answers = either.send("deposits", path)

    assert [sorted(answer.result) for answer in answers] == [["payload_hash", "proposal"]] * 2
    assert either.bench.balance("bank:settlement", "cash.cny") == before
    payload = payloads_of("deposits", path)[1]
    approval = approving(answers[1].sequence, payload)
    either.bench.do(approval, actor=SECOND_CLEARING).require()
    assert either.bench.balance("enterprise:E2:cash", "cash.cny") == 12_345


@pytest.mark.parametrize("kind", KINDS)
def test_only_kinds_that_need_a_second_person_become_proposals(desk, kind):
    commands = desk.commands(kind, desk.file(kind))

    assert {command.kind for command in commands} == (
        {"proposal.make"} if kind in BOTH else {KINDS[kind].payload.kind}
    )


def test_ids_follow_from_kind_name_content_and_settings(desk, tmp_path):
    def ids(kind, path, **header):
        made = commands_of(
            kind, path, actor=CLEARING, subjects=desk.bench.subjects, header=header or None
        )
        return [command.id for command in made]

    path = desk.file("deposits")
    first = ids("deposits", path)

    assert first == ids("deposits", path)
    assert [one.rsplit(":", 1)[1] for one in first] == ["1", "2"]
    assert len(set(first) | set(ids("deposits", desk.file("deposits", name="other.csv")))) == 4
    plan = desk.file("allocations")
    years = [ids("allocations", plan, district="990101", year=y, measure="energy") for y in (1, 2)]
    assert years[0] != years[1]


def test_settings_beside_the_rows_never_replace_them(desk):
    path = desk.file("districts")

    (payload,) = payloads_of("districts", path, {"rows": []})

    assert [line.code for line in payload.rows] == ["990000", "990101"]


def test_an_unknown_kind_is_refused_with_those_that_are_known(desk):
    with pytest.raises(ImportUnknown) as refused:
        payloads_of("prices", desk.file("deposits"))

    assert refused.value.message.startswith("prices cannot be imported; one of: roles, districts")


def test_an_order_of_somebody_else_is_no_command_at_all(desk):
    desk.bring_until("orders")
    desk.open_market()
    path = desk.file("orders", FILES["orders"].replace("E1", "E2"))
    before = desk.bench.digest()

    with pytest.raises(RoleMissing, match=f"{TRADER} may not send orders.place"):
        desk.send("orders", path)

    assert desk.bench.digest() == before


DEMO_FILES = {
    "districts": "districts",
    "sectors": "sectors",
    "enterprises": "enterprises",
    "facilities": "facilities",
    "meters": "meters",
    "readings": "readings",
    "history": "history",
    "entitlements": "entitlements",
    "budgets": "budgets",
    "cash": "deposits",
    "persons": "roles",
}


@pytest.mark.parametrize(("name", "kind"), DEMO_FILES.items())
def test_the_files_of_the_demonstration_are_read_by_the_same_imports(name, kind):
    path = DEMO / f"{name}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        count = sum(1 for _ in csv.reader(file)) - 1

    payloads = payloads_of(kind, path)

    field = KINDS[kind].field
    assert (len(getattr(payloads[0], field)) if field else len(payloads)) == count
