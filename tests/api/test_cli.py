"""The command line: what it does, what it prints, and the code it exits with."""

import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from api.cli import COMMANDS, cli, run
from api.program import wall_clock
from api.read.policy import policy_of
from ledger.days import day_of
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest
from tests.api.files import FILES
from tests.build import CLEARING, DISTRICT, REGULATOR, SECOND_CLEARING, SECOND_REGULATOR
from tests.empty_database import empty_database

ROOT = Path(__file__).resolve().parents[2]
PERSONS = (
    "person,role,scope\n"
    "person:REG1,city_regulator,*\n"
    "person:REG2,city_regulator,\n"
    "person:DIS1,district_regulator,district:990101\n"
    "person:CLR1,clearing_operator,*\n"
    "person:CLR2,clearing_operator,*\n"
    "person:T1,enterprise_trader,enterprise:E1\n"
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed and the code it exited with."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """Return the one JSON object that was printed, and nothing beside it."""
        assert self.out.count("\n") == 1, self.out
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@pytest.fixture
def yongneng(capsys, monkeypatch):
    """Return a function that runs the command line in this process."""
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def ran(*arguments):
        capsys.readouterr()
        code = run(cli, [str(one) for one in arguments])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return ran


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a CSV file."""

    def written(kind, text=None):
        path = tmp_path / f"{kind}.csv"
        path.write_text(FILES[kind] if text is None else text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def postgres_url(postgres_server):
    with empty_database(postgres_server) as url:
        yield url


def begin(yongneng, home, persons, *, purpose="demonstration"):
    persons.write_text(PERSONS, encoding="utf-8")
    return yongneng(
        *("init", "--data", home, "--name", "示例市", "--jurisdiction", "sample"),
        *("--purpose", purpose, "--persons", persons, "--json"),
    )


@pytest.fixture
def empty(yongneng, tmp_path, sqlite_template):
    """A ledger that was begun and nothing more."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(sqlite_template, home / "ledger.db")
    assert begin(yongneng, home, tmp_path / "persons.csv").code == 0
    return home


@pytest.fixture(scope="module")
def settled_home():
    """Where the first test that needs it keeps a ledger with packs and parties."""
    return {}


@pytest.fixture
def home(request, settled_home, tmp_path, tmp_path_factory):
    """A ledger with packs, two districts and two enterprises; a copy for each test."""
    if not settled_home:
        kept = tmp_path_factory.mktemp("settled")
        settle(request.getfixturevalue("yongneng"), request.getfixturevalue("empty"), kept)
        settled_home["path"] = kept
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
    shutil.copytree(settled_home["path"], tmp_path / "home")
    return tmp_path / "home"


def settle(yongneng, empty, kept):
    for pack in ("national", "sample"):
        ok(approve(yongneng, empty, ok(load(yongneng, empty, pack)).json["result"]))
    for kind in ("districts", "sectors", "enterprises"):
        path = kept.parent / f"{kind}.csv"
        path.write_text(FILES[kind], encoding="utf-8")
        ok(yongneng("import", kind, path, "--data", empty, "--actor", REGULATOR))
    shutil.copytree(empty, kept, dirs_exist_ok=True)


def ok(ran):
    assert ran.code == 0, ran
    return ran


def load(yongneng, home, pack):
    return yongneng("load", pack, "--data", home, "--actor", REGULATOR, "--json")


def approve(yongneng, home, proposed, *, actor=SECOND_REGULATOR, hashed=""):
    hashed = hashed or proposed["payload_hash"]
    return yongneng(
        "approve", proposed["proposal"], hashed, "--data", home, "--actor", actor, "--json"
    )


def digest_of(home):
    engine = connect(sqlite_url(home))
    with reading(engine) as connection:
        found = state_digest(connection)
    engine.dispose()
    return found


def test_help_lists_every_command(yongneng):
    shown = yongneng("--help")

    assert shown.code == 0
    assert [line.split()[0] for line in shown.out.split("Commands:\n")[1].splitlines()] == list(
        COMMANDS
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(yongneng, command):
    shown = yongneng(command, "--help")

    assert shown.code == 0
    assert f"{command} [OPTIONS]" in shown.out
    assert "--help" in shown.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Usage:"),
        (("prices",), "No such command 'prices'"),
        (("digest", "--colour"), "No such option"),
        (("balance",), "Missing argument 'PREFIX'"),
        (("init", "--name", "x"), "Missing option"),
        (("import", "prices", "x.csv", "--actor", "person:REG1"), "'prices' is not one of"),
        (("load", "atlantis", "--actor", "person:REG1"), "atlantis is none of anshun, carbon"),
        (
            ("load", "sample", "--from", "soon", "--actor", "person:REG1"),
            "a day such as 2026-07-01 is needed",
        ),
        (("replay", "copy", "--batch", "0"), "0 is not in the range"),
        (("self-check", "--key", "/nowhere/key.txt"), "does not exist"),
        (("export", "--format", "pdf", "--out", "x"), "'pdf' is not"),
        (("approve", "one", "ab", "--actor", "person:REG1"), "'one' is not a valid integer"),
    ],
)
def test_misuse_exits_with_2(yongneng, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    misused = yongneng(*arguments)

    assert (misused.code, misused.out) == (2, "")
    assert said in misused.err
    assert list(tmp_path.iterdir()) == []


def test_init_begins_a_ledger_in_a_new_directory(yongneng, tmp_path):
    home = tmp_path / "below" / "home"

    begun = begin(yongneng, home, tmp_path / "persons.csv")

    assert begun.code == 0
    assert begun.json["sequence"] == 1
    assert begun.json["result"] == {"name": "示例市"}
    assert (home / "ledger.db").exists()


def test_a_pack_can_be_made_to_begin_on_a_day_of_its_own(yongneng, home):
    begun = ("load", "shandong", "--from", "2999-01-01", "--data", home, "--actor", REGULATOR)

    proposed = ok(yongneng(*begun, "--json"))

    adopted = ok(approve(yongneng, home, proposed.json["result"]))
    assert adopted.json["result"]["pack"] == "shandong"
    engine = connect(sqlite_url(home))
    with reading(engine) as connection:
        values = policy_of(connection).packs["shandong"].parameters
    engine.dispose()
    assert {each.valid_from for each in values} == {date(2999, 1, 1)}
    assert {each.valid_to for each in values} == {None}


def test_init_refuses_a_ledger_that_is_open(yongneng, empty, tmp_path):
    before = digest_of(empty)

    again = begin(yongneng, empty, tmp_path / "other.csv", purpose="live")

    # The same id with another content: the ledger was begun by another command.
    assert again.code == 1
    assert again.json["code"] == "command_id_reused"
    assert digest_of(empty) == before


def test_init_with_the_same_content_is_answered_as_before(yongneng, empty, tmp_path):
    before = digest_of(empty)

    again = begin(yongneng, empty, tmp_path / "persons.csv")

    assert (again.code, again.json["sequence"]) == (0, 1)
    assert digest_of(empty) == before


def test_another_person_cannot_begin_a_ledger_that_is_open(yongneng, empty):
    opening = '{"name":"x","jurisdiction":"sample","purpose":"live","grants":[]}'

    again = yongneng(
        "send", "ledger.open", opening, "--data", empty, "--actor", "person:X", "--json"
    )

    assert again.code == 1
    assert again.json["code"] == "ledger_already_open"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("person:X,king,*", "role is 'king' but must be one of enterprise_trader"),
        ("person:X,auditor", "has 2 cells for 3 columns"),
    ],
)
def test_init_refuses_a_bad_file_of_persons_and_makes_nothing(yongneng, tmp_path, row, said):
    persons = tmp_path / "persons.csv"
    persons.write_text(f"person,role,scope\n{row}\n", encoding="utf-8")

    refused = yongneng(
        *("init", "--data", tmp_path / "home", "--name", "x", "--jurisdiction", "sample"),
        *("--persons", persons),
    )

    assert (refused.code, refused.out) == (1, "")
    assert said in refused.err
    assert not (tmp_path / "home").exists()


def test_a_pack_takes_effect_when_a_second_person_approves(yongneng, empty):
    proposed = load(yongneng, empty, "national").json["result"]

    alone = approve(yongneng, empty, proposed, actor=REGULATOR)
    changed = approve(yongneng, empty, proposed, hashed="00" * 32)
    both = approve(yongneng, empty, proposed)

    assert (alone.code, alone.json["code"]) == (1, "same_person")
    assert (changed.code, changed.json["code"]) == (1, "proposal_changed")
    assert (both.code, both.json["result"]["pack"]) == (0, "national")


def test_a_live_ledger_refuses_the_sample_pack(yongneng, tmp_path):
    home = tmp_path / "home"
    ok(begin(yongneng, home, tmp_path / "persons.csv", purpose="live"))
    ok(approve(yongneng, home, load(yongneng, home, "national").json["result"]))
    proposed = load(yongneng, home, "sample").json["result"]
    before = digest_of(home)

    refused = approve(yongneng, home, proposed)

    assert refused.code == 1
    assert refused.json["code"] == "sample_outside_demonstration"
    assert digest_of(home) == before


def test_an_import_says_what_it_did(yongneng, home, file):
    told = yongneng(
        "import", "facilities", file("facilities"), "--data", home, "--actor", REGULATOR
    )

    assert told.code == 0
    assert told.out == "1 of 1 command(s) accepted\n  facilities: 1\n"


def test_a_dry_run_sends_nothing(yongneng, home, file):
    before = digest_of(home)

    told = yongneng(
        *("import", "facilities", file("facilities"), "--data", home),
        *("--actor", REGULATOR, "--dry-run"),
    )

    assert told.code == 0
    assert told.out.startswith("facilities.csv: 1 row(s), no error (form and rules)")
    assert digest_of(home) == before


def test_a_file_with_bad_cells_is_refused_with_all_of_them(yongneng, home, file):
    path = file("facilities", FILES["facilities"].replace("750000", "=1") + "E1-L2,E1\n")
    before = digest_of(home)

    refused = yongneng("import", "facilities", path, "--data", home, "--actor", REGULATOR)

    assert (refused.code, refused.out) == (1, "")
    assert "row 2: cell_is_formula: capacity is '=1'" in refused.err
    assert "row 3: row_ragged: has 2 cells for 7 columns" in refused.err
    assert digest_of(home) == before


def test_a_row_the_ledger_refuses_exits_with_1(yongneng, home, file):
    refused = yongneng(
        *("import", "enterprises", file("enterprises", FILES["enterprises"] + "\n")),
        *("--data", home, "--actor", REGULATOR, "--json"),
    )

    assert refused.code == 1
    assert refused.json["code"] == "rows_refused"
    assert refused.json["facts"]["codes"] == "party_exists"


def test_several_commands_are_answered_one_by_one_and_one_refusal_exits_with_1(
    yongneng, home, file
):
    head, own = FILES["orders"].splitlines()
    path = file("orders", f"{head}\n{own}\n{own.replace('E1', 'E2')}\n{own}\n")

    told = yongneng("import", "orders", path, "--data", home, "--actor", "person:T1", "--json")

    assert told.code == 1
    # The second is no command at all, and does not hide what became of the others.
    assert [answer["code"] for answer in told.json["answers"]] == [
        "instrument_unknown",
        "role_missing",
        "instrument_unknown",
    ]


@pytest.mark.parametrize(
    ("kind", "setting", "said"),
    [
        ("readings", "enterprises=E1", "enterprises is not a setting of readings"),
        ("readings", "rows=1", "rows is not a setting of readings"),
        ("orders", "enterprise=E1", "enterprise is not a setting of orders"),
    ],
)
def test_a_setting_that_the_kind_does_not_have_is_misuse(yongneng, home, file, kind, setting, said):
    misused = yongneng(
        "import", kind, file(kind), "--data", home, "--actor", REGULATOR, "--set", setting
    )

    assert misused.code == 2
    assert said in misused.err


def test_a_whole_number_among_the_settings_is_read_as_one(yongneng, home, file):
    refused = yongneng(
        *("import", "allocations", file("allocations"), "--data", home, "--actor", DISTRICT),
        *("--set", "district=990101", "--set", "year=２０２５", "--set", "measure=energy"),
        "--json",
    )

    assert refused.json["code"] == "not_an_integer"


def test_money_comes_in_by_two_persons_and_shows_in_the_balance(yongneng, home, file):
    path = file("deposits")
    proposed = yongneng("import", "deposits", path, "--data", home, "--actor", CLEARING)
    assert proposed.out.startswith("2 of 2 command(s) accepted\n  proposal ")
    waiting = yongneng("proposals", "--data", home, "--json").json["proposals"]
    assert [(one["kind"], one["maker"]) for one in waiting] == [("cash.deposit", CLEARING)] * 2

    for one in waiting:
        ok(approve(yongneng, home, one, actor=SECOND_CLEARING))

    told = yongneng("balance", "enterprise:E2", "--data", home)
    assert told.out.split() == ["enterprise:E2:cash", "cash.cny", "123.45", "yuan"]
    counted = yongneng("balance", "enterprise:E", "--data", home, "--json").json["balances"]
    assert [(one["account"], one["amount"]) for one in counted] == [
        ("enterprise:E1:cash", "5000000"),
        ("enterprise:E2:cash", "12345"),
    ]
    assert yongneng("proposals", "--data", home, "--json").json == {"proposals": []}


@pytest.fixture
def paid(yongneng, home, file):
    """The ledger of `home` after E1 was paid 50,000.00 yuan and then E2 123.45, as two entries."""
    path = file("deposits")
    ok(yongneng("import", "deposits", path, "--data", home, "--actor", CLEARING))
    for one in yongneng("proposals", "--data", home, "--json").json["proposals"]:
        ok(approve(yongneng, home, one, actor=SECOND_CLEARING))
    return home


def test_balances_are_told_of_the_past(yongneng, paid):
    def told(*moment):
        ran = yongneng("balance", "enterprise:E*", *moment, "--data", paid, "--json")
        return [(row["account"][11:13], row["amount"]) for row in ok(ran).json["balances"]]

    both = [("E1", "5000000"), ("E2", "12345")]
    assert told() == both
    assert told("--entry", 0) == []
    assert told("--entry", 1) == both[:1]
    assert told("--entry", 2) == both
    for name in ("--as-of", "--effective"):
        assert told(name, "2025-01-01") == []
        assert told(name, "2025-01-01T00:00:00+08:00") == []
        assert told(name, str(day_of(wall_clock()))) == both


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("balance", "x", "--entry", 3), "entry_not_written"),
        (("balance", "x", "--as-of", "2999-01-01"), "instant_in_future"),
        (("balance", "x", "--effective", "2999-01-01"), "instant_in_future"),
        (("balance", "x", "--as-of", "soon"), "date_invalid"),
        (("balance", "x", "--as-of", "2025-01-01", "--entry", 1), "moments_contradict"),
        (("statement", "enterprise:E9:cash"), "account_unknown"),
        (("difference", "enterprise:E9:cash"), "account_unknown"),
        (
            ("difference", "enterprise:E1:cash", "--from", "2025-02-01", "--to", "2025-01-01"),
            "period_backwards",
        ),
    ],
)
def test_a_past_that_is_none_is_refused(yongneng, paid, arguments, code):
    refused = yongneng(*arguments, "--data", paid, "--json")

    assert (refused.code, refused.json["code"]) == (1, code)


def test_a_statement_and_a_difference_tell_one_account(yongneng, paid):
    account, asset = "enterprise:E1:cash", "cash.cny"

    told = ok(yongneng("statement", account, "--data", paid, "--json")).json
    ended = ok(yongneng("statement", account, "--to", "2025-01-01", "--data", paid, "--json")).json
    changed = ok(yongneng("difference", account, "--data", paid, "--json")).json
    words = ok(yongneng("statement", account, "--from", "2025-01-01", "--data", paid)).out

    assert (told["opening"], told["closing"]) == ([], [{"asset": asset, "amount": "5000000"}])
    assert [
        (row["entry"], row["change"], row["balance"], row["other"]) for row in told["moves"]
    ] == [(1, "5000000", "5000000", "bank:settlement")]
    assert ended == {"account": account, "opening": [], "moves": [], "closing": []}
    amounts = {"opening": "0", "received": "5000000", "given": "0", "closing": "5000000"}
    assert changed == {"account": account, "differences": [{"asset": asset, **amounts}]}
    first, line, last = words.splitlines()
    assert (first, last) == ("opening: nothing", "closing: cash.cny 50,000.00 yuan")
    assert line.split()[1:3] == ["1", "deposit"]


def test_a_prefix_is_no_pattern(yongneng, home):
    assert yongneng("balance", "%", "--data", home, "--json").json == {"balances": []}


@pytest.mark.parametrize(
    ("kind", "document", "code"),
    [
        ("orders.sell", "{}", "kind_unknown"),
        ("cash.withdraw", "{", "payload_malformed"),
        ("cash.withdraw", "[]", "payload_malformed"),
        ("cash.withdraw", '{"enterprise":"E1"}', "field_required"),
        ("cash.withdraw", '{"enterprise":"E1","amount_fen":1,"colour":1}', "field_unknown"),
        ("cash.withdraw", '{"enterprise":"E1","amount_fen":1.5}', "not_an_integer"),
        ("cash.withdraw", '{"enterprise":"E1","amount_fen":"1"}', "not_an_integer"),
        ("cash.withdraw", '{"enterprise":"E1","amount_fen":1e3}', "not_an_integer"),
        ("cash.withdraw", '{"enterprise":"E1","amount_fen":1e400}', "payload_malformed"),
        ("cash.withdraw", f'{{"enterprise":"E1","amount_fen":{10**30}}}', "number_too_large"),
        ("cash.withdraw", '{"enterprise":"E1","amount_fen":1}', "role_missing"),
        ("tick", "{}", "kind_unknown"),
    ],
)
def test_a_document_that_is_no_command_is_refused(yongneng, home, kind, document, code):
    before = digest_of(home)

    refused = yongneng("send", kind, document, "--data", home, "--actor", REGULATOR, "--json")

    assert refused.code == 1
    assert refused.json["code"] == code
    assert digest_of(home) == before


def test_a_command_under_its_own_id_is_taken_once(yongneng, home):
    document = '{"addresses":["scheme:surrendered:2031"]}'
    sending = ("send", "accounts.open", document, "--data", home, "--actor", REGULATOR, "--json")

    first = yongneng(*sending, "--id", "mine:1")
    again = yongneng(*sending, "--id", "mine:1")
    other = yongneng(*sending)

    assert first.code == 0
    assert first.json == again.json
    assert other.json["code"] == "account_already_open"
    assert yongneng(*sending, "--id", "no spaces").json["code"] == "command_id_malformed"


def test_propose_puts_any_command_before_a_second_person(yongneng, home):
    document = '{"enterprise":"E1","amount_fen":700,"statement_line":"B-9"}'

    proposed = yongneng(
        "propose", "cash.deposit", document, "--data", home, "--actor", CLEARING, "--json"
    )
    alone = yongneng(
        "send", "cash.deposit", document, "--data", home, "--actor", CLEARING, "--json"
    )

    ok(approve(yongneng, home, proposed.json["result"], actor=SECOND_CLEARING))
    assert alone.json["code"] == "second_person_needed"


def test_the_digest_is_that_of_the_database_in_any_process(yongneng, home):
    command = [sys.executable, "-m", "api.cli", "digest", "--data", str(home), "--json"]

    elsewhere = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)

    here = yongneng("digest", "--data", home)
    assert json.loads(elsewhere.stdout) == {"state_digest": here.out.strip()}
    assert here.out.strip() == digest_of(home)


def test_self_check_passes_on_an_honest_ledger(yongneng, home):
    checked = yongneng("self-check", "--data", home, "--json")

    assert checked.code == 0
    assert checked.json["ok"] is True
    assert set(checked.json["checks"].values()) == {True}


def test_self_check_exits_with_1_when_somebody_changed_the_database(yongneng, home):
    with sqlite3.connect(home / "ledger.db") as database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute("UPDATE commands SET payload = replace(payload, '二厂', '三厂')")
    database.close()

    checked = yongneng("self-check", "--data", home, "--json")
    told = yongneng("self-check", "--data", home)

    assert (checked.code, checked.json["ok"]) == (1, False)
    assert told.code == 1
    assert "FAILED" in told.out


def test_an_export_verifies_against_a_checkpoint_kept_outside(yongneng, home, tmp_path):
    note, key, out = (tmp_path / name for name in ("checkpoint.txt", "key.txt", "export"))
    ok(yongneng("checkpoint", "--data", home, "--out", note, "--public-key", key))
    ok(yongneng("self-check", "--data", home, "--key", key))
    exported = ok(yongneng("export", "--data", home, "--out", out, "--json"))

    verified = yongneng("verify-export", out, "--checkpoint", note, "--key", key, "--json")

    assert exported.json["counts"]["accounts"] == 30  # 8 of the scheme, 2 × 2 and 2 × 9
    assert verified.code == 0
    assert verified.json["ok"] is True


def test_a_changed_export_exits_with_1(yongneng, home, tmp_path):
    out = tmp_path / "export"
    ok(yongneng("export", "--data", home, "--out", out))
    text = (out / "commands.jsonl").read_text(encoding="utf-8")
    (out / "commands.jsonl").write_text(text.replace("二厂", "三厂"), encoding="utf-8")

    refused = yongneng("verify-export", out, "--json")

    assert refused.code == 1
    assert refused.json["ok"] is False
    assert yongneng("verify-export", tmp_path / "none").code == 1


def test_an_export_is_never_written_over_anything(yongneng, home, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine", encoding="utf-8")

    refused = yongneng("export", "--data", home, "--out", tmp_path / "full", "--json")

    assert (refused.code, refused.json["code"]) == (1, "export_directory_not_empty")


def test_a_checkpoint_is_printed_where_no_file_is_named(yongneng, home):
    printed = yongneng("checkpoint", "--data", home)
    as_json = yongneng("checkpoint", "--data", home, "--json")

    assert printed.out.startswith("yongneng/demonstration/sample-")
    assert as_json.json["checkpoint"] == printed.out
    assert (home / "checkpoint.pem").stat().st_mode & 0o077 == 0


def test_replay_into_an_empty_directory_gives_the_same_digest(yongneng, home, tmp_path):
    copy = tmp_path / "copy"

    replayed = yongneng("replay", copy, "--data", home, "--batch", "3", "--json")

    assert replayed.code == 0
    assert replayed.json["replay_digest"] == digest_of(home) == digest_of(copy)
    again = yongneng("replay", copy, "--data", home, "--json")
    assert (again.code, again.json["code"]) == (1, "replay_target_not_empty")


WHERE_THERE_IS_A_LEDGER = [
    ("balance", "x"),
    ("statement", "x"),
    ("difference", "x"),
    ("proposals",),
    ("digest",),
    ("self-check",),
    ("checkpoint",),
    ("export", "--out", "out"),
    ("replay", "copy"),
    ("load", "sample", "--actor", "person:REG1"),
    ("send", "cash.deposit", "{}", "--actor", "person:REG1"),
    ("approve", "1", "ab", "--actor", "person:REG1"),
]


@pytest.mark.parametrize("arguments", WHERE_THERE_IS_A_LEDGER, ids=lambda one: one[0])
def test_where_there_is_no_ledger_none_is_made(yongneng, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)

    refused = yongneng(*arguments, "--json")

    assert refused.code == 1
    assert refused.json["code"] == "ledger_not_opened"
    assert list(tmp_path.iterdir()) == []


def test_without_a_directory_the_ledger_is_at_database_url(yongneng, home, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", sqlite_url(home))
    monkeypatch.chdir(tmp_path)

    elsewhere = yongneng("digest", "--json")
    named = yongneng("digest", "--data", tmp_path / "other", "--json")

    assert elsewhere.json == {"state_digest": digest_of(home)}
    assert named.json["code"] == "ledger_not_opened"


def test_without_either_the_ledger_is_in_data(yongneng, home, monkeypatch, tmp_path):
    home.rename(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "")

    assert yongneng("digest", "--json").json == {"state_digest": digest_of(tmp_path / "data")}


@pytest.mark.postgres
def test_a_ledger_on_postgresql_is_run_by_the_same_commands(
    yongneng, postgres_url, monkeypatch, tmp_path, file
):
    monkeypatch.chdir(tmp_path)
    persons = tmp_path / "persons.csv"
    persons.write_text(PERSONS, encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    assert yongneng("digest", "--json").json["code"] == "ledger_not_opened"

    ok(yongneng("init", "--name", "x", "--jurisdiction", "sample", "--persons", persons))
    ok(yongneng("import", "districts", file("districts"), "--actor", REGULATOR))

    ok(yongneng("self-check"))
    replayed = ok(yongneng("replay", "copy", "--json")).json["replay_digest"]
    assert yongneng("digest").out.strip() == replayed == digest_of(tmp_path / "copy")
    ok(yongneng("checkpoint"))
    assert not (tmp_path / "data" / "ledger.db").exists()


def test_a_file_that_was_refused_is_tried_again_once_the_ledger_has_gone_on(yongneng, empty, file):
    wanted = ("import", "enterprises", file("enterprises"), "--data", empty, "--actor", REGULATOR)
    first = yongneng(*wanted)
    for kind in ("districts", "sectors"):
        yongneng("import", kind, file(kind), "--data", empty, "--actor", REGULATOR)

    again = yongneng(*wanted)

    assert first.code == 1
    assert (again.code, again.out.splitlines()[0]) == (0, "1 of 1 command(s) accepted")


def test_a_proposal_is_shown_whole_and_can_be_rejected(yongneng, home, file):
    proposed = yongneng(
        *("import", "deposits", file("deposits"), "--data", home, "--actor", CLEARING, "--json")
    )
    number = proposed.json["answers"][0]["result"]["proposal"]

    shown = yongneng("show", number, "--data", home)
    rejected = yongneng(
        *("reject", number, "wrong line", "--data", home, "--actor", SECOND_CLEARING)
    )
    listed = yongneng("proposals", "--data", home, "--json")

    assert shown.code == 0
    assert "amount_fen" in shown.out
    assert "yuan)" in shown.out
    assert "approve with: " in shown.out
    assert rejected.code == 0
    assert number not in [each["proposal"] for each in listed.json["proposals"]]


def test_what_is_not_there_cannot_be_shown(yongneng, home):
    told = yongneng("show", 999, "--data", home, "--json")

    assert told.code == 1
    assert told.json["code"] == "proposal_unknown"


@pytest.mark.parametrize("kind", ["enterprises", "commands", "entries", "orders", "obligations"])
def test_the_last_rows_of_a_kind_are_listed(yongneng, home, kind):
    told = yongneng("list", kind, "--data", home, "--last", 2, "--json")

    assert told.code == 0
    assert len(told.json[kind]) <= 2


def test_a_prefix_that_nothing_has_is_said(yongneng, home):
    told = yongneng("balance", "nonsense", "--data", home)

    assert (told.code, told.out) == (0, "")
    assert "no account that begins with 'nonsense'" in told.err
