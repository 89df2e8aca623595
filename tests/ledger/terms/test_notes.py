"""Notes: about what there is, the newest counts, the older ones stay."""

import pytest
import sqlalchemy as sa

from ledger.db import reading
from ledger.roles import RoleMissing
from ledger.terms.note import VALUE_MAX, SetMetadata
from tests.build import CLEARING, EXCHANGE, REGULATOR, SECURITY
from tests.ledger.terms.town import E1, FLOW, TRADER, state_of, town


@pytest.fixture
def bench(engine, clock):
    return town(engine, clock)


def note(bench, target=f"account:{E1}", key="contract", value="合同1号", actor=REGULATOR):
    return bench.do(SetMetadata(target=target, key=key, value=value), actor=actor)


def kept(bench, target=f"account:{E1}", key="contract"):
    """Every value that was noted, the newest first."""
    with reading(bench.engine) as connection:
        query = "SELECT value FROM metadata WHERE target = :t AND key = :k ORDER BY set_by DESC"
        return list(connection.execute(sa.text(query), {"t": target, "k": key}).scalars())


def test_what_a_note_replaces_or_takes_away_stays_in_history(bench):
    note(bench).require()
    note(bench, value="合同2号", actor=CLEARING).require()
    note(bench, value="", actor=EXCHANGE).require()

    assert kept(bench) == ["", "合同2号", "合同1号"]


TARGETS = {
    f"account:{E1}": "ok",
    f"asset:{FLOW}": "ok",
    "asset:cash.cny": "ok",
    "entry:1": "ok",
    "command:1": "ok",
    "entry:2": "metadata_target_unknown",
    "entry:0": "metadata_target_unknown",
    "entry:01": "metadata_target_unknown",
    "entry:-1": "metadata_target_unknown",
    "entry:" + "9" * 40: "metadata_target_unknown",
    "command:99": "metadata_target_unknown",
    "account:enterprise:E9:holding": "metadata_target_unknown",
    "person:T1": "metadata_target_unknown",
    "account": "metadata_target_unknown",
    "": "metadata_target_unknown",
}
KEYS = {
    "a": "ok",
    "a" * 64: "ok",
    "court.case-1_b": "ok",
    "a" * 65: "metadata_key_malformed",
    "": "metadata_key_malformed",
    "A": "metadata_key_malformed",
    "合同": "metadata_key_malformed",
    "a b": "metadata_key_malformed",
    "1a": "metadata_key_malformed",
    "a\n": "metadata_key_malformed",
}
LENGTHS = {0: "ok", VALUE_MAX: "ok", VALUE_MAX + 1: "metadata_value_too_long"}


def answers(bench, field, values):
    """Send a note for each value of one field; return codes, and whether a row came of each."""
    codes, came = {}, {}
    for value in values:
        before = state_of(bench)
        codes[value] = note(bench, **{field: value}).code
        came[value] = state_of(bench) != before
    return codes, came


@pytest.mark.parametrize(("field", "wanted"), [("target", TARGETS), ("key", KEYS)])
def test_a_note_is_about_something_that_is_there_under_a_short_plain_name(bench, field, wanted):
    codes, came = answers(bench, field, wanted)

    assert codes == wanted
    assert came == {value: code == "ok" for value, code in wanted.items()}


def test_the_command_that_notes_is_not_there_yet(bench):
    mine = bench.writer.memory.sequence + 1

    assert note(bench, target=f"command:{mine}").code == "metadata_target_unknown"
    assert note(bench, target=f"command:{mine}").ok


def test_a_note_has_its_length(bench):
    assert {each: note(bench, value="号" * each).code for each in LENGTHS} == LENGTHS


def test_only_the_offices_note_anything(bench):
    before = bench.digest()

    for actor in (TRADER, SECURITY, "person:NOBODY"):
        with pytest.raises(RoleMissing):
            note(bench, actor=actor)

    assert bench.digest() == before
