"""A file of allocations: tried as a whole, one bad row keeps all of it back, then planned."""

import csv
import json

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from api.allocation_file import Asked, commands_of_file, read_plan_file, rehearse
from api.cli import cli
from api.commands.allocate import COMMANDS
from api.workbook import written
from ledger.allocation.sheet import sheet_document
from ledger.db import reading
from tests.build import DISTRICT, OPENED
from tests.ledger.allocation.build import (
    OTHER_TOWN,
    TOWN,
    allocation,
    allocation_ledger,
    cement,
    plan,
    set_budget,
)

COLUMNS = ("enterprise", "product", "output", "benchmark", "method")
BY = "benchmarking"
GOOD = [
    ("E1", "cement", 1_000_000, "100", BY),
    ("E9", "cement", 500_000, "100", BY),
    ("E2", "cement", 2_000_000, "100", BY),
    ("E3", "cement", 3, "100", BY),
]
ASKED = Asked(2025, "energy", DISTRICT)


@pytest.fixture
def bench(engine, clock):
    return opened(engine, clock)


def opened(engine, clock):
    bench = allocation_ledger(engine, clock)
    set_budget(bench, 150_000_000)
    set_budget(bench, 900_000_000, district=OTHER_TOWN, document="DOC-9")
    return bench


def written_csv(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


def written_xlsx(path, rows):
    with written(path) as book:
        sheet = book.sheet("方案", COLUMNS, [12] * 5)
        for position, row in enumerate(rows, start=1):
            book.row(sheet, position, row)
    return path


def tried(bench, path):
    before = bench.digest()
    with reading(bench.engine) as connection:
        faults, plans = rehearse(connection, read_plan_file(path), ASKED)
    assert bench.digest() == before
    return [(fault.row, fault.refusal.code) for fault in faults], plans


@pytest.mark.parametrize("write", [written_csv, written_xlsx])
def test_a_file_over_two_districts_plans_what_it_was_tried_to(bench, tmp_path, write):
    found = read_plan_file(write(tmp_path / "plan", GOOD))
    faults, plans = tried(bench, tmp_path / "plan")
    assert faults == []

    with reading(bench.engine) as connection:
        commands = list(commands_of_file(connection, found, ASKED))
    results = {place: bench.writer.submit(one).require().result for place, one in commands}

    assert results == {place: dict(plan.result) for place, plan in plans.items()}
    # In the town 300,000.3 tce are asked of 150,000; the other town has room enough.
    assert results[TOWN]["granted"] == 150_000_000
    assert results[OTHER_TOWN]["granted"] == 50_000_000


def test_one_bad_row_keeps_all_of_the_file_back_and_every_bad_row_is_named(bench, tmp_path):
    rows = [
        *GOOD,
        ("E4", "cement", "1.5", "100", BY),  # row 6: no whole number
        ("E7", "cement", 1, "100", BY),  # row 7: nobody knows E7
        ("E1", "cement", 1, "100", BY),  # row 8: E1's cement again
        ("E5", "cement", 1, "x", BY),  # row 9: no benchmark
    ]

    faults, _ = tried(bench, written_csv(tmp_path / "plan.csv", rows))

    assert faults == [
        (6, "cell_not_an_integer"),
        (7, "party_unknown"),
        (8, "allocation_repeated"),
        (9, "allocation_terms_malformed"),
    ]


def test_a_district_without_a_budget_is_a_fault_of_its_first_row(engine, clock, tmp_path):
    bench = allocation_ledger(engine, clock)
    set_budget(bench, 1)

    faults, _ = tried(bench, written_csv(tmp_path / "plan.csv", GOOD))

    assert faults == [(3, "budget_not_set")]


def test_a_plan_in_two_parts_has_the_hash_of_the_plan_in_one(bench):
    lines = (cement(), cement("E2", output=2_000_000), cement("E3", output=7, method=BY))
    parts = [plan(bench, *part).require().result for part in (lines[2:], lines[:2])]

    whole = plan(bench, *lines).require().result

    assert parts[0]["plan_hash"] != whole["plan_hash"]
    assert parts[1] == whole


def test_the_command_line_says_what_is_wrong_and_writes_a_workbook(sqlite_engine, clock, tmp_path):
    bench = opened(sqlite_engine, clock)
    bench.writer.close()
    OPENED.remove(bench)
    path = written_csv(tmp_path / "plan.csv", [*GOOD, ("E7", "cement", 1, "100", BY)])
    data = str(next(iter(tmp_path.glob("**/ledger.db"))).parent)
    arguments = ["--data", data, str(path), "--year", "2025", "--actor", DISTRICT]
    errors = tmp_path / "errors.xlsx"

    bad = CliRunner().invoke(COMMANDS["allocate"], [*arguments, "--json", "--errors", str(errors)])

    assert bad.exit_code == 1
    (fault,) = json.loads(bad.stdout)["errors"]
    assert (fault["row"], fault["code"]) == (6, "party_unknown")
    assert all("E7" in fault[name] for name in ("message", "message_zh"))
    assert CalamineWorkbook.from_path(errors).get_sheet_by_index(0).to_python()[5][0] == "E7"

    written_csv(path, GOOD)
    dry = CliRunner().invoke(COMMANDS["allocate"], [*arguments, "--json", "--dry-run"])
    assert json.loads(dry.stdout)["districts"][TOWN]["granted"] == 150_000_000
    done = CliRunner().invoke(COMMANDS["allocate"], [*arguments, "--issue", "ORDER-1"])
    assert done.exit_code == 0, done.output
    assert "issue proposed as" in done.stdout

    sheet = tmp_path / "sheet.json"
    document = sheet_document(allocation(bench, "E2"), "planned")
    sheet.write_text(json.dumps(document), encoding="utf-8")
    checked = CliRunner().invoke(cli, ["recompute", str(sheet)])
    assert (checked.exit_code, "FAIL" in checked.stdout) == (0, False)
    document["figures"]["granted"] = "1"
    sheet.write_text(json.dumps(document), encoding="utf-8")
    assert CliRunner().invoke(cli, ["recompute", str(sheet)]).exit_code == 1
    what = CliRunner().invoke(
        cli, ["what-if", TOWN, "--data", data, "--year", "2025", "--reduction", "0", "--json"]
    )
    assert json.loads(what.stdout)["totals"]["unchanged"] == 3
