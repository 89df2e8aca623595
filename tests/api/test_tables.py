"""Tables in and out: templates that can be filled, every fault named, and back again unchanged."""

import csv
import json

import pytest
from python_calamine import CalamineWorkbook

from api.cli import cli, run
from api.csv_rows import readable_name
from api.imports import KINDS
from api.matrix import Reach
from api.read.rehearse_table import rehearse
from api.read.tables_out import table_rows
from api.table_books import (
    csv_of,
    table_faults,
    write_table_faults,
    write_table_rows,
    write_table_template,
)
from api.table_words import FIELDS, kind_name
from api.tables_in import (
    SettingWrong,
    faults_in,
    header_from,
    headings_of,
    read_table,
)
from api.wording import read_wording
from ledger.command import encode_payload
from ledger.db import reading
from tests.api.files import ALONE, BOTH, FILES, SETTINGS, open_desk
from tests.build import REGULATOR
from tests.conftest import _close_ledgers

ALL = Reach(everything=True)
WORDING = read_wording()
TRIED = [kind for kind in KINDS if kind in FILES]


def settings(kind):
    return dict(each.split("=") for each in SETTINGS.get(kind, ()))


def read(kind, raw, file="t.csv", **beside):
    raw = raw.encode() if isinstance(raw, str) else raw
    return read_table(kind, file, raw, header_from(kind, {**settings(kind), **beside}))


def payloads(brought):
    return [encode_payload(payload) for payload, _ in brought.payloads]


@pytest.fixture
def desk(sqlite_engine, clock, tmp_path):
    desk = open_desk(sqlite_engine, clock, tmp_path)
    desk.bring_until("history")
    return desk


def tried(desk, kind, raw, actor=REGULATOR):
    """Return each fault of a table as row, column and code; nothing of it may stay."""
    brought = read(kind, raw)
    before = desk.bench.digest()
    engine, known = desk.bench.engine, desk.bench.subjects
    found = rehearse(
        engine,
        known,
        [payload for payload, _ in brought.payloads],
        actor=actor,
        now=desk.bench.clock(),
    )
    assert desk.bench.digest() == before
    return [(one.row, one.column, one.refusal.code) for one in faults_in(brought, found)]


# Round trips: what a table says comes back the same, by whatever way it went.


@pytest.mark.parametrize("kind", TRIED)
def test_a_template_in_either_language_takes_what_a_csv_file_says(kind, tmp_path):
    straight = read(kind, FILES[kind])
    assert straight.faults == ()
    header, *body = csv.reader(FILES[kind].splitlines())

    for language in ("zh", "en"):
        path = tmp_path / f"{language}.xlsx"
        write_table_template(path, kind, language=language)
        with CalamineWorkbook.from_path(path) as book:
            assert book.sheet_names[0] == kind_name(kind, language)
            (headings,) = book.get_sheet_by_index(0).to_python()
            notes = [row[0] for row in book.get_sheet_by_index(1).to_python()]
        assert headings == headings_of(kind, language)
        assert len(notes) > len(headings)
        # Fill the template by column, as a clerk does.
        fields = [readable_name(field) for field in KINDS[kind].flat.__struct_fields__]
        if not set(header) <= set(fields):
            continue  # the file gives minor units, which the template does not ask for
        rows = [
            [row[header.index(field)] if field in header else "" for field in fields]
            for row in body
        ]
        told = "\n".join(",".join(row) for row in [headings, *rows])
        assert payloads(read(kind, told)) == payloads(straight)


def test_every_kind_that_was_brought_in_comes_out_and_goes_in_again(engine, clock, tmp_path):
    desk = open_desk(engine, clock, tmp_path)
    for kind in TRIED:
        desk.prepare(kind)
        if kind in ALONE or kind in BOTH:
            desk.bring(kind)

    with reading(engine) as connection:
        for kind in TRIED:
            header = header_from(kind, settings(kind))
            rows = list(table_rows(connection, kind, header, ALL))
            straight = payloads(read(kind, FILES[kind]))
            path = tmp_path / f"{kind}.xlsx"
            for language in ("zh", "en"):
                path.unlink(missing_ok=True)
                write_table_rows(path, kind, rows, language=language)
                assert payloads(read(kind, path.read_bytes(), path.name)) == straight, kind
            lines = "\n".join(",".join(f'"{cell}"' for cell in row) for row in csv_of(kind, rows))
            assert payloads(read(kind, lines)) == straight, kind


def test_somebody_takes_out_only_what_is_within_reach(desk):
    desk.bring("history")
    with reading(desk.bench.engine) as connection:

        def seen(reach):
            return len(list(table_rows(connection, "history", {}, reach)))

        assert seen(ALL) == 3
        assert seen(Reach(enterprises=frozenset({"E1"}))) == 3
        assert seen(Reach(districts=frozenset({"990101"}))) == 3
        assert seen(Reach(enterprises=frozenset({"E2"}))) == 0
        assert seen(Reach(districts=frozenset({"990102"}))) == 0
        assert list(table_rows(connection, "roles", {}, Reach(engaged="x"))) == []


# Faults: all of them, in both languages, and nothing taken.


GOOD = "E1,{year},1000,0,,\n"
HISTORY = "enterprise,year,energy_tce,coal_kg,product,output\n"


def test_row_seven_bad_among_many_is_named_and_keeps_all_out(desk, tmp_path):
    rows = [GOOD.format(year=year) for year in range(2000, 2020)]
    rows[5] = "E9,2005,1000,0,,\n"  # row 7 of the file

    assert tried(desk, "history", HISTORY + "".join(rows)) == [(7, "", "party_unknown")]

    rows[5] = "E1,2005,1.2345,x,,\n"
    brought = read("history", HISTORY + "".join(rows))
    told = list(table_faults(brought.faults, wording=WORDING))
    assert [(one["row_number"], one["column"], one["code"]) for one in told] == [
        (7, "energy_kgce", "cell_not_an_amount"),
        (7, "coal_kg", "cell_not_an_integer"),
    ]
    assert brought.payloads == ()
    assert "energy_tce" in told[0]["message"]
    assert "“energy_tce”列" in told[0]["message_zh"]


def test_an_error_workbook_can_be_mended_and_brought_in_again(desk, tmp_path):
    raw = HISTORY + GOOD.format(year=2023) + "E1,2024,x,0,,\n"
    brought = read("history", raw)
    path = tmp_path / "wrong.xlsx"
    write_table_faults(path, brought, brought.faults, wording=WORDING, language="zh")
    with CalamineWorkbook.from_path(path) as book:
        rows = book.get_sheet_by_index(0).to_python()
    assert [bool(row[-1]) for row in rows] == [True, False, True]

    again = read("history", path.read_bytes(), "wrong.xlsx")
    assert [fault.row for fault in again.faults] == [3]
    mended = raw.replace(",x,", ",5,").replace("output\n", "output,错误\n", 1)
    mended = mended.replace(",,\n", ",,,某处不对\n")
    assert payloads(read("history", mended)) == payloads(read("history", raw.replace(",x,", ",5,")))


@pytest.mark.parametrize(
    ("kind", "change", "fault"),
    [
        ("closures", ("2025-02-01", "2025-02-30"), (2, "closed_on", "cell_not_a_day")),
        ("closures", ("2023=810000", "2023:810000"), (2, "earlier", "cell_not_listed")),
        ("closures", ("2023=810000", "2023=8x"), (2, "earlier", "cell_not_an_integer")),
        ("projects", (",no,发改1号,coal", ",yes,发改1号,coal"), (3, "", "rows_differ")),
        ("certificates", ("stand_alone", "alone"), (2, "route", "cell_not_listed")),
        ("outside_claims", ("O1,", "=O1,"), (2, "id", "cell_is_formula")),
    ],
)
def test_a_cell_that_is_not_what_its_column_asks_is_named(kind, change, fault):
    wrong = FILES[kind].replace(*change)
    if kind in ("closures",):  # the other rows of the claim say the same
        wrong = FILES[kind].replace(*change)

    (found, *_) = read(kind, wrong).faults

    assert (found.row, found.column, found.refusal.code) == fault


def test_rows_of_one_claim_make_one_line_with_its_measures():
    ((payload, numbers),) = read("closures", FILES["closures"]).payloads

    (claim,) = payload.rows
    assert numbers == ((2, 3),)
    assert [(one.measure, one.statistics, one.approved) for one in claim.measures] == [
        ("coal", 800_000, None),
        ("capacity-clinker", 750_000, 700_000),
    ]
    assert [(one.year, one.statistics) for one in claim.measures[0].earlier] == [
        (2023, 810_000),
        (2022, 820_000),
    ]


def test_who_may_not_send_it_is_told_when_it_is_tried(desk):
    raw = HISTORY + GOOD.format(year=2023) + GOOD.format(year=2024)

    assert tried(desk, "history", raw, actor="person:NOBODY") == [(1, "", "role_missing")]
    assert tried(desk, "history", raw) == []


def test_a_rehearsal_takes_nothing_and_sees_what_is_there(engine, clock, tmp_path):
    desk = open_desk(engine, clock, tmp_path)
    desk.bring_until("enterprises")

    assert tried(desk, "enterprises", FILES["enterprises"]) == []
    desk.bring("enterprises")
    assert tried(desk, "enterprises", FILES["enterprises"]) == [
        (2, "", "party_exists"),
        (3, "", "party_exists"),
    ]
    # The ledger goes on, and its writer has been told nothing.
    desk.bring("facilities")


def test_settings_beside_the_rows_are_asked_for():
    with pytest.raises(SettingWrong):
        header_from("allocations", {"district": "990101", "year": "2025"})
    with pytest.raises(SettingWrong):
        header_from("allocations", {**settings("allocations"), "year": "MMXXV"})
    with pytest.raises(SettingWrong):
        header_from("history", {"year": "2025"})
    assert header_from("history", {}) == {}


def test_the_hash_is_of_the_file_its_kind_and_its_settings():
    one = read("readings", FILES["readings"])
    other = read("readings", FILES["readings"], enterprise="E2")
    third = read("readings", FILES["readings"] + "\n")

    assert len({one.hash, other.hash, third.hash}) == 3
    assert read("readings", FILES["readings"], "other.csv").hash == one.hash


def test_columns_of_the_kinds_here_have_words():
    fields = {
        name
        for kind in ("closures", "retrofits", "projects", "certificates", "outside_claims")
        for name in KINDS[kind].flat.__struct_fields__
    }

    assert fields - FIELDS.keys() == set()


# The command line.


@pytest.fixture
def yongneng(desk, capsys, monkeypatch):
    """Return a function that runs a command on the desk's ledger; its code and JSON."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    engine, home = desk.bench.engine, desk.directory
    _close_ledgers(engine)

    def ran(*arguments):
        told = [*arguments, "--data", home, "--json"]
        code = run(cli, [str(one) for one in told])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else err

    return ran


def test_a_table_is_tried_confirmed_and_taken_out_again(yongneng, desk):
    home = desk.directory
    file = home / "h.csv"
    file.write_text(HISTORY + GOOD.format(year=2023) + GOOD.format(year=2024), encoding="utf-8")
    common = ("import", "history", file, "--actor", REGULATOR)

    code, told = yongneng(*common, "--dry-run")
    assert (code, told["rows"], told["errors"], told["is_rehearsed"]) == (0, 2, [], True)
    assert yongneng(*common, "--confirm", "ab" * 32)[1]["code"] == "import_not_checked"
    code, answers = yongneng(*common, "--confirm", told["hash"])
    assert (code, [one["code"] for one in answers["answers"]]) == (0, ["ok"])
    # Now its rows are there, so the same file has faults, and is not sent a second time.
    code, told = yongneng(*common, "--dry-run", "--errors", home / "wrong.xlsx")
    assert code == (1 if told["errors"] else 0)

    code, told = yongneng("export-table", "history", home / "out.csv")
    assert (code, told["rows"]) == (0, 2)
    assert yongneng("export-table", "history", home / "out.csv")[0] == 2
    assert (home / "out.csv").read_text("utf-8-sig").splitlines()[1].startswith("E1,2023,1000")


def test_the_report_of_duplicates_ends_with_one_while_an_exact_match_waits(yongneng, desk):
    assert yongneng("duplicates")[0] == 0
    home = desk.directory
    twin = FILES["outside_claims"].replace("carbon,5000,2023-01-01", "coal,1,2024-12-31")
    twin = twin.replace("O1,carbon", "O1,other_province").replace("2023-12-31", "2025-06-30")
    for kind, text in {**FILES, "outside_claims": twin}.items():
        if kind not in ("history", "closures", "outside_claims"):
            continue
        (home / f"{kind}.csv").write_text(text, encoding="utf-8")
        code, _ = yongneng("import", kind, home / f"{kind}.csv", "--actor", REGULATOR)
        assert code == 0

    code, told = yongneng("duplicates")
    assert (code, told["exact_count"], told["waiting_count"]) == (1, 1, 1)
    (pair,) = told["pairs"]
    assert (pair["first"]["key"], pair["second"]["key"]) == ("claim:K1", "outside:O1")
    assert (pair["first"]["district"], pair["second"]["district"]) == ("990101", "990101")

    finding = {"first": "claim:K1", "second": "outside:O1", "finding": "same", "reason": "同一线"}
    document = json.dumps(finding)
    assert yongneng("send", "duplicates.dispose", document, "--actor", REGULATOR)[0] == 0
    code, told = yongneng("duplicates")
    assert (code, told["exact_count"], told["waiting_count"], told["pairs"]) == (0, 1, 0, [])
    (pair,) = yongneng("duplicates", "--all")[1]["pairs"]
    assert (pair["finding"], pair["reason"]) == ("same", "同一线")
