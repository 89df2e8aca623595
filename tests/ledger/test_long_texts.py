"""
No text is too long for the ledger to say so: in every text field of every kind of command.

The honest documents of tests/vectors/bad_input.toml are sent with one text after the other made
10,000 characters long, characters that no database compresses into an index page.
"""

import copy
import json
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import msgspec
import pytest
from sqlalchemy.exc import OperationalError

from ledger.adopt import AdoptPack
from ledger.approve import approving, proposing
from ledger.check import self_check
from ledger.command import read_payload
from ledger.errors import Refused
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.tick import Tick
from tests.api.town import open_town
from tests.build import SECOND_SECURITY, SECURITY, OpenFreely
from tests.conftest import FixedClock, fresh_engine
from tests.demo_files import toml
from tests.properties.hostile import PLAUSIBLE

HONEST = toml(Path(__file__).parents[1] / "vectors" / "bad_input.toml")["honest"]
LONG = "".join(chr(0x4E00 + (7_919 * n) % 20_000) for n in range(10_000))
NOT_SENT = {Tick.kind, OpenFreely.kind}
PLAIN = {str: "E1", int: 1, bool: False}


def filled(hint, honest, name):
    """Return a value of a field: the honest one, else one that is plausible or of its type."""
    if honest is not None and not isinstance(honest, list | dict):
        return honest
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        return [filled(inner, one, name) for one in honest or [None]]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return structured(hint, honest)
    if get_args(hint):
        options = [each for each in get_args(hint) if each is not type(None)]
        return options[0] if isinstance(options[0], str) else filled(options[0], None, name)
    plausible = [each for each in PLAUSIBLE.get(name, ()) if type(each) is hint and each]
    if plausible and hint in PLAIN:
        return plausible[0]
    if hint in PLAIN:
        return PLAIN[hint]
    return "2026-01-15" if hint.__name__ == "date" else next(iter(hint)).value


def structured(shape, honest):
    """Return a document of *shape*; array-like shapes are lists."""
    fields, hints = msgspec.structs.fields(shape), get_type_hints(shape)
    if isinstance(honest, list):
        honest = dict(zip([field.name for field in fields], honest, strict=True))
    honest = honest or {}
    document = {
        field.name: filled(hints[field.name], honest.get(field.name), field.name)
        for field in fields
        if field.required or field.name in honest or hints[field.name] is str
    }
    return list(document.values()) if shape.__struct_config__.array_like else document


def paths_of_texts(value, path=()):
    """Yield the path to every text in a document."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        steps = value if isinstance(value, dict) else range(len(value))
        for step in steps:
            yield from paths_of_texts(value[step], (*path, step))


def replaced(document, path, text):
    """Return a copy of *document* with *text* at *path*."""
    whole = copy.deepcopy(document)
    inner = whole
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = text
    return whole


def long_packs():
    """Yield the honest pack with each of its texts made long, as the JSON that travels."""
    pack = HONEST["packs.adopt"]["pack"]
    word = "a" + "b7x_q" * 2_000
    for path in paths_of_texts(pack):
        for text in (LONG, word):
            yield {"content": json.dumps(replaced(pack, path, text), ensure_ascii=False)}


class Town:
    """A town with two persons of every role."""

    def __init__(self, engine):
        self.bench = open_town(engine, FixedClock())
        grants = tuple(Grant(office(role, n), role) for role in Role for n in (1, 2))
        giving = GrantRoles(grants=grants)
        self.bench.both(giving, maker=SECURITY, checker=SECOND_SECURITY).require()

    def code(self, kind, document):
        """Send a document as those who may; return the code of what came of it."""
        handler = self.bench.subjects.handlers[kind]
        maker = office(min(handler.makers, default=Role.CITY_REGULATOR), 1)
        try:
            payload = read_payload(handler.payload, document)
            if not handler.checkers:
                return self.bench.do(payload, actor=maker).code
            proposed = self.bench.do(proposing(payload), actor=maker)
            if not proposed.ok:
                return proposed.code
            approval = approving(proposed.sequence, payload)
            return self.bench.do(approval, actor=office(min(handler.checkers), 2)).code
        except Refused as refusal:
            return refusal.code


def office(role, number):
    return f"person:{role.upper()}-{number}"


def documents(kind, shape):
    """Yield the documents of a kind, each with another text made long."""
    if shape is AdoptPack:
        yield from long_packs()
        return
    honest = structured(shape, HONEST.get(kind, {}).get("document"))
    for path in paths_of_texts(honest):
        yield replaced(honest, path, LONG)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("pg", marks=pytest.mark.postgres)])
def town(request, tmp_path_factory):
    dialect = "sqlite" if request.param == "sqlite" else "postgresql"
    for engine in fresh_engine(request, dialect, tmp_path_factory.mktemp("town")):
        yield Town(engine)


def test_every_kind_answers_or_refuses_a_text_of_any_length(town):
    found = {}
    for kind, handler in town.bench.subjects.handlers.items():
        if kind not in NOT_SENT:
            for number, document in enumerate(documents(kind, handler.payload)):
                found[kind, number] = town.code(kind, document)

    assert "outcome_unknown" not in found.values(), found
    assert len({kind for kind, _ in found}) > 50
    assert set(found.values()) >= {"ok", "text_too_long", "payload_malformed", "party_unknown"}
    assert self_check(town.bench.engine).failed == {}


BUDGET = {"district": "990101", "year": 2026, "measure": "energy"}
FACTOR = {
    "code": "gas",
    "name_zh": "示例气",
    "unit": "kg",
    "kind": "fuel",
    "kgce_per_unit": "1",
    "coal_kg_per_unit": "0",
    "basis": "equivalent",
    "status": "sample",
    "source": "示例",
}
FOUND_BY = {
    "the document of a cap": (
        "budgets.set",
        {"rows": [{**BUDGET, "amount": 5_000_000}]},
        "document",
    ),
    "the document of a reserve": ("budgets.reserve", {**BUDGET, "amount": 1_000}, "document"),
    "the document of a release": (
        "budgets.release_reserve",
        {**BUDGET, "amount": 1_000},
        "document",
    ),
    "the document of an entitlement": (
        "entitlements.confirm",
        {"rows": [{"enterprise": "E1", "measure": "energy", "amount": 1_000, "last_year": 2030}]},
        "document",
    ),
    "the product of a past year": (
        "history.record",
        {"rows": [{"enterprise": "E1", "year": 2024, "energy_kgce": 1_000}]},
        "product",
    ),
    "the edition of factors": (
        "factors.adopt",
        {"year": 2030, "basis": "equivalent", "rows": [FACTOR]},
        "edition",
    ),
    "a carrier": (
        "factors.adopt",
        {"year": 2031, "basis": "equivalent", "edition": "E", "rows": [FACTOR]},
        "code",
    ),
}
"""Kinds whose rows are found by a free text: a document that is accepted, and where the text is."""


def with_text(document, field, text):
    """Return *document* with *text* in a field of its own or of its only row."""
    whole = copy.deepcopy(document)
    rows = whole.get("rows")
    inner = rows[0] if rows and field != "edition" else whole
    inner[field] = text
    return whole


@pytest.mark.parametrize("what", FOUND_BY)
def test_a_text_by_which_rows_are_found_has_at_most_200_characters(town, what):
    kind, document, field = FOUND_BY[what]
    before = town.bench.digest()

    first = town.code(kind, with_text(document, field, LONG[:201]))
    second = town.code(kind, with_text(document, field, LONG[:200]))

    assert (first, second) == ("text_too_long", "ok")
    assert town.bench.digest() != before


@pytest.mark.postgres
def test_a_door_that_lets_a_long_text_through_is_noticed(request, tmp_path, monkeypatch):
    """The planted bug: nobody looks at the length."""
    monkeypatch.setattr("ledger.work.Work.require_keys", lambda _work, *_texts: None)
    kind, document, field = FOUND_BY["the document of a cap"]
    for engine in fresh_engine(request, "postgresql", tmp_path):
        with pytest.raises(OperationalError):
            Town(engine).code(kind, with_text(document, field, LONG))
