"""No unit serves two ends: whoever writes a second use into the database is found, by lot."""

import json
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from api.cli import cli, run
from ledger.db import reading
from ledger.follow import catch_up
from ledger.lineage.check import CHECKS, double_claims
from ledger.lineage.fifo import LINEAGE
from ledger.projections import PROJECTIONS
from tests.api.rest.test_figures import traded
from tests.api.rest.test_projects import accepted

LAST = 19
"""The last entry; number 11 reserves what number 12 retires."""
NEXT = LAST + 1


@pytest.fixture
def town(rights):
    """The town of `test_lineage`: lot 1.0 is E1's, 10.0 that of source K2-ENERGY."""
    accepted(rights)
    traded(rights)
    catch_up(rights.bench.engine, PROJECTIONS)
    return rights


def planted(town, *statements):
    """Write *statements* straight into the database; return what the checks then find, by name."""
    engine = town.bench.engine
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    catch_up(engine, (LINEAGE,))
    with reading(engine) as connection:
        found = double_claims(connection)
    assert found.ok == (not any(found.found.values()))
    return {name: rows for name, rows in found.found.items() if rows}


def entry(moves, reference="NULL"):
    """Statements that add a command and its entry 20, with postings (from, to, asset, amount)."""
    yield (
        "INSERT INTO commands SELECT sequence + 1, 'planted', kind, actor, payload, payload_hash,"
        " code, answer, rules_version, recorded_at, leaf_hash FROM commands"
        " WHERE sequence = (SELECT MAX(sequence) FROM commands)"
    )
    yield (
        f"INSERT INTO entries SELECT {NEXT}, MAX(c.sequence), 0, 'transfer', 'REG-11',"
        f" {reference}, MAX(c.recorded_at), NULL FROM commands c"
    )
    for ordinal, (source, destination, asset, amount) in enumerate(moves):
        yield (
            f"INSERT INTO postings SELECT {NEXT}, {ordinal}, s.id, d.id, a.id, {amount}"
            f" FROM accounts s, accounts d, assets a WHERE s.address = '{source}'"
            f" AND d.address = '{destination}' AND a.code = '{asset}'"
        )


EN = "energy.flow.general.2025.eq.990101"
FREED = "energy.standing.two_high.t2030.eq.990101"


def test_a_sound_ledger_passes_every_check(town):
    assert planted(town) == {}


def test_units_surrendered_again_are_found_by_the_balances(town):
    moves = [("enterprise:E1:holding", "scheme:surrendered:2025", EN, 1_000)]

    found = planted(town, *entry(moves))

    assert set(found) == {"balances"}
    own, scheme = sorted(found["balances"], key=lambda one: one.where)
    assert (own.where, own.facts["pieces_above_balances"]) == ("enterprise:E1", -1_000)
    assert own.lots == ("1.0", "13.0")
    assert (scheme.where, scheme.facts["pieces_above_balances"]) == (
        "scheme:surrendered:2025",
        1_000,
    )


def test_units_that_were_used_up_before_have_no_origin(town):
    # Of the source 120 are left after 480 were retired; here they are retired again.
    moves = [("source:K2-ENERGY", "scheme:substituted:P1", FREED, 480)]

    found = planted(town, *entry(moves))

    [one] = found["origins"]
    assert (one.where, one.lots) == (f"entry {NEXT}", ("10.0",))
    assert one.facts == {"owner": "source:K2-ENERGY", "amount": 360}
    assert [(each.where, each.lots) for each in found["retirements"]] == [("project P1", ("10.0",))]


def test_a_source_that_is_issued_twice_is_found(town):
    found = planted(town, *entry([("scheme:issuance", "source:K2-ENERGY", FREED, 600)]))

    [one] = found["sources"]
    assert (one.where, one.lots) == ("source:K2-ENERGY", ("10.0", f"{NEXT}.0"))
    assert one.facts == {"confirmed": 600, "issued": 1_200, "times": 2}


def test_two_claims_of_one_day_are_found_and_of_the_day_before_are_not(town):
    copy = (
        "INSERT INTO freed_claims SELECT 'K9', enterprise, facility, method, works, closed_on,"
        " freed_year, {days}, last_year, evidence, state, opinion, opinion_evidence, confirmation,"
        " claimed_by, reviewed_by, confirmed_by FROM freed_claims WHERE id = 'K2'"
    )
    source = (
        "INSERT INTO freed_sources SELECT 'K9-ENERGY', 'K9', measure, asset, amount, against, sheet"
        " FROM freed_sources WHERE id = 'K2-ENERGY'"
    )
    with reading(town.bench.engine) as connection:
        query = sa.text("SELECT first_day FROM freed_claims WHERE id = 'K2'")
        first = date.fromisoformat(connection.execute(query).scalar_one())

    before = f"'1999-01-01', '{first - timedelta(days=1)}'"
    apart = planted(town, copy.format(days=before), source)
    found = planted(town, f"UPDATE freed_claims SET last_day = '{first}' WHERE id = 'K9'")

    assert apart == {}
    [one] = found["claims"]
    assert (one.where, one.lots) == ("facility F2", ("10.0",))
    assert one.facts == {"measure": "energy", "claim": "K2", "other_claim": "K9"}


def test_a_project_that_counts_more_than_was_retired_is_found(town):
    found = planted(town, "UPDATE source_retirements SET amount = 600")

    assert set(found) == {"retirements"}
    [one] = found["retirements"]
    assert one.facts == {"source": "K2-ENERGY", "counted": 600, "retired": 480}


def test_a_reference_that_two_entries_bear_is_found(town):
    moves = [("scheme:issuance", "source:K2-ENERGY", FREED, 1)]
    again = entry(moves, reference="'freed:K2-ENERGY'")

    found = planted(town, "DROP INDEX uq_entries_reference", *again)

    [one] = found["references"]
    assert (one.where, one.lots) == ("reference freed:K2-ENERGY", ("10.0", f"{NEXT}.0"))


def test_a_document_that_sets_a_budget_twice_is_found(town):
    found = planted(
        town,
        "CREATE TABLE decisions_twice AS SELECT * FROM budget_decisions UNION ALL"
        " SELECT * FROM budget_decisions",
        "DROP TABLE budget_decisions",
        "ALTER TABLE decisions_twice RENAME TO budget_decisions",
    )

    [one] = found["decisions"]
    assert (one.where, one.lots) == ("990101 2025 energy set", ("13.0",))
    assert one.facts["document"] == "预算1号"


def test_a_piece_that_was_made_larger_is_found(town):
    found = planted(town, "UPDATE derived_pieces SET amount = amount + 1 WHERE amount = 2500")

    assert set(found) == {"sums_of_lots", "balances"}
    [one] = found["sums_of_lots"]
    assert (one.lots, one.facts) == (("1.0",), {"issued": 100_000, "found": 100_001})


def test_lineage_that_is_behind_is_held_against_the_balances_of_then(town):
    traded_again = "UPDATE derived_positions SET entry = 18 WHERE name = 'lineage'"
    town.bench.engine.dispose()
    with town.bench.engine.begin() as connection:
        connection.execute(sa.text(traded_again))

    with reading(town.bench.engine) as connection:
        found = double_claims(connection)

    # Its rows stand at entry 19, so at 18 they are what entry 19 moved too much.
    assert found.through_entry == 18
    assert {one.where: one.facts["pieces_above_balances"] for one in found.found["balances"]} == {
        "enterprise:E1": -200,
        "enterprise:E2": 200,
    }


def test_the_command_line_exits_with_one_and_names_the_lots(town, capsys, monkeypatch):
    engine = town.bench.engine
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))

    assert run(cli, ["trace", "check", "--json"]) == 0
    sound = json.loads(capsys.readouterr().out)
    planted(town, "UPDATE source_retirements SET amount = 600")
    assert run(cli, ["trace", "check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert run(cli, ["trace", "check"]) == 1
    text = capsys.readouterr().out

    assert sound == {
        "ok": True,
        "through_entry": LAST,
        "checks": dict.fromkeys((*CHECKS, "conservation"), True),
        "found": [],
    }
    [one] = told["found"]
    assert (told["ok"], one["check"], one["lots"]) == (False, "retirements", ["10.0"])
    assert "FAILED  retirements\n  project P1: " in text
    assert "lots 10.0" in text


def test_the_command_line_exits_with_one_where_freed_quota_is_not_all_there(
    town, capsys, monkeypatch
):
    """A source that is said to be parted from another was never confirmed, yet 600 are there."""
    engine = town.bench.engine
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    parted = (
        "INSERT INTO source_holders (source, holder, parent, cause, document, opened_by)"
        " VALUES ('K2-ENERGY', 'E2', 'K2-ENERGY', 'transfer', '', 1)"
    )
    assert planted(town, parted) == {}

    assert run(cli, ["trace", "check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)

    assert [name for name, is_well in told["checks"].items() if not is_well] == ["conservation"]
    [one] = told["found"]
    assert one["where"] == "energy eq two_high 990101"
    # Of 600, 480 were used up and 120 are still there.
    assert (one["facts"]["confirmed"], one["facts"]["available"]) == (0, 120)
    assert (one["facts"]["consumed"], one["facts"]["difference"]) == (480, -600)


def test_the_command_line_traces_lots_holdings_and_entries(town, capsys, monkeypatch):
    url = town.bench.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)

    def told(*arguments, code=0):
        assert run(cli, ["trace", *arguments]) == code
        return capsys.readouterr()

    lot = json.loads(told("lot", "source:K2-ENERGY", "--json").out)
    assert [(row["entry"], row["amount"]) for row in lot["moves"]] == [(10, "600"), (12, "480")]
    assert lot["became"] == [{"lot": "12.1", "made_of": "10.0", "amount": "480"}]
    assert lot["items"][0]["decision"]["approved_by"] == "person:REG2"
    text = told("lot", "source:K2-ENERGY").out
    assert "lot 10.0: 0.600 t of" in text
    assert "0.480 t of 10.0 became 12.1" in text
    held = json.loads(told("holding", "enterprise:E1:holding", EN, "--limit", "1", "--json").out)
    assert [(row["lot"], row["amount"]) for row in held["items"]] == [("1.0", "95800")]
    assert [one["lot"] for one in held["lots"]] == ["1.0"]
    moved = json.loads(told("entry", "17", "--json").out)
    assert [(row["lot"], row["taker"]) for row in moved["items"]] == [("1.0", "enterprise:E3")]
    assert moved["decision"]["kind"] == "entries.post"
    assert told("entry", "17").out.splitlines()[-1].strip().startswith("held")
    assert json.loads(told("lot", "9.0", "--json", code=1).out)["code"] == "lot_unknown"
    assert json.loads(told("entry", "20", "--json", code=1).out)["code"] == "entry_untraced"
    nobody = told("holding", "enterprise:E9:holding", "--json", code=1).out
    assert json.loads(nobody)["code"] == "holding_unknown"
