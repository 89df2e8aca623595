"""
Whatever people send that cannot be taken is refused with its own code, in words that help, and
nothing has changed by it. The cases are tests/vectors/bad_input.toml.
"""

import copy
import json
from contextlib import suppress
from pathlib import Path

import pytest

from api.commands.send import payload_of
from api.imports import commands_of
from ledger.approve import approving, proposing
from ledger.check import self_check
from ledger.errors import Refused, refusal_classes
from ledger.parties.enroll import RegisterSectors, SectorLine
from market.venue import Venue
from tests.api.town import open_town
from tests.build import REGULATOR
from tests.conftest import FixedClock, fresh_engine
from tests.demo_files import toml

TABLE = toml(Path(__file__).parents[1] / "vectors" / "bad_input.toml")
HONEST, CASES, FILES = TABLE["honest"], TABLE["case"], TABLE["file"]


@pytest.fixture(scope="module")
def sqlite_town(request, tmp_path_factory):
    for engine in fresh_engine(request, "sqlite", tmp_path_factory.mktemp("town")):
        yield open_town(engine, FixedClock())


@pytest.fixture(scope="module")
def postgres_town(request, tmp_path_factory):
    for engine in fresh_engine(request, "postgresql", tmp_path_factory.mktemp("town")):
        yield open_town(engine, FixedClock())


def each(cases):
    """Return cases as parameters by name; what is not refused yet must fail until it is."""
    return [
        pytest.param(
            case,
            id=case["name"].replace(" ", "-"),
            marks=[pytest.mark.xfail(reason=case["gap"])] if "gap" in case else [],
        )
        for case in cases
    ]


def document_of(case):
    """Return the honest document of the case's kind with the case's fault in it."""
    document = copy.deepcopy(HONEST.get(case["kind"], {}).get("document", {}))
    if case["kind"] == "packs.adopt":
        document = {"content": json.dumps(pack_of(case), ensure_ascii=False)}
    if "row" in case:
        document["rows"][0] |= case["row"]
    document.pop(case.get("without"), None)
    return document | case.get("document", {})


def pack_of(case):
    pack = copy.deepcopy(HONEST["packs.adopt"]["pack"]) | case.get("pack", {})
    (only,) = pack["parameter"]
    only.pop(case.get("without_parameter"), None)
    pack["parameter"] = [
        only | fault for fault in case.get("parameters", [case.get("parameter", {})])
    ]
    return pack


def people_of(case):
    """Return who sends a case, and who approves it or None."""
    honest = HONEST.get(case["kind"], {})
    checker = None if case.get("alone") else honest.get("checker")
    return case.get("maker") or honest["maker"], checker


def propose(bench, case, command_id):
    """Return the answer to the proposal of a case's payload, and that payload."""
    maker, _ = people_of(case)
    payload = payload_of(bench.subjects, case["kind"], json.dumps(document_of(case)))
    answer = bench.do(proposing(payload), actor=maker, command_id=f"{command_id}:proposal")
    return answer, payload


def send(bench, case, command_id):
    """Send a case as its people would; return (code, message, answer or None)."""
    maker, checker = people_of(case)
    try:
        if checker is None:
            payload = payload_of(bench.subjects, case["kind"], json.dumps(document_of(case)))
            answer = bench.do(payload, actor=maker, command_id=command_id)
        else:
            answer, payload = propose(bench, case, command_id)
            if answer.ok:
                approval = approving(answer.sequence, payload)
                answer = bench.do(approval, actor=checker, command_id=command_id)
    except Refused as refusal:
        return refusal.code, refusal.message, None
    return answer.code, answer.message, answer


def digest_before(bench, case, command_id):
    """Return the digest before the case; a proposal, which is state, is made before it."""
    _, checker = people_of(case)
    if checker is not None:
        with suppress(Refused):
            propose(bench, case, command_id)
    return bench.digest()


def require_refused(bench, case):
    command_id = case.get("id") or f"case:{CASES.index(case)}"
    before = digest_before(bench, case, command_id)

    first = send(bench, case, command_id)

    assert first[0] == case["code"], first
    assert case["accepts"] in first[1]
    assert bench.digest() == before
    assert send(bench, case, command_id) == first
    assert bench.digest() == before


@pytest.mark.parametrize("case", each(CASES))
def test_bad_input_is_refused_and_changes_nothing(sqlite_town, case):
    require_refused(sqlite_town, case)


@pytest.mark.postgres
@pytest.mark.parametrize("case", each(case for case in CASES if case.get("postgres")))
def test_bad_input_is_refused_on_postgresql_too(postgres_town, case):
    require_refused(postgres_town, case)


@pytest.mark.parametrize("case", each(FILES))
def test_a_bad_file_becomes_no_command(sqlite_town, case, tmp_path):
    path = tmp_path / "brought.csv"
    path.write_bytes(case["csv"].encode(case.get("encoding", "utf-8")))
    before = sqlite_town.digest()

    def bring():
        with pytest.raises(Refused) as refused:
            commands_of(case["kind"], path, actor=REGULATOR, subjects=sqlite_town.subjects)
        return refused.value.code, refused.value.message

    first = bring()

    assert first[0] == case["code"]
    assert case["accepts"] in first[1]
    assert bring() == first
    assert sqlite_town.digest() == before


@pytest.mark.parametrize("kind", HONEST)
def test_without_its_fault_every_document_is_accepted(sqlite_engine, clock, kind):
    bench = open_town(sqlite_engine, clock)
    document = {}
    if kind == "orders.cancel":
        (order,) = bench.writer.memory.cache(Venue).listing("EN-25").book.orders
        document = {"order": order}
    if kind == "proposal.approve":
        document = an_open_proposal(bench)

    code, message, _ = send(bench, {"kind": kind, "document": document}, "honest")

    assert (code, message) == ("ok", "")


def an_open_proposal(bench):
    answer, payload = propose(bench, {"kind": "roles.grant"}, "open")
    proposal = answer.require().sequence
    return {"proposal": proposal, "payload_hash": approving(proposal, payload).payload_hash}


def test_every_code_of_the_table_is_one_of_the_product():
    declared = {refusal.code for refusal in refusal_classes() if hasattr(refusal, "code")}

    unknown = {case["code"] for case in CASES + FILES if "gap" not in case} - declared

    assert unknown == set()


def test_names_of_cases_are_unique():
    names = [case["name"] for case in CASES + FILES]

    assert len(set(names)) == len(names)


def test_after_all_of_it_the_ledger_is_sound_and_goes_on(sqlite_town):
    checked = self_check(sqlite_town.engine, [])

    assert checked.ok, checked.failed
    sector = SectorLine("PAPER", "造纸", "Paper", "no")
    sqlite_town.do(RegisterSectors(rows=(sector,))).require()
