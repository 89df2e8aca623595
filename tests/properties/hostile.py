"""Payloads of every kind that have the right types and the wrong values, drawn by seed."""

import json
import random
import types
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import msgspec

from ledger.adopt import AdoptPack
from ledger.approve import Approve, Propose, Reject
from ledger.command import canonical
from ledger.parties.party import credit_check
from tests.demo_files import toml
from tests.ledger.compliance.world import CITY, COAL, ELSEWHERE, ENERGY, LATER, OLD

INTEGERS = (
    *(0, -1, 1, 2, 7, 99, 1_000, 10**6, 2**31, 10**12, 10**15, 10**15 + 1, 10**17, -(10**17)),
    *(10**18 - 1, 10**18, 2**63 - 1, 2**63, -(2**63) - 1, 10**30),
)
TEXTS = (
    *("", " ", "\n", "*", ":", "0", "-1", "1e9", "0.5", "NaN", "None", "null", "[]", "{}", '"'),
    *("\0", "E1\0", "\ud800", "E1\udfff", "\ufeffE1", "E1\u202e", "Ｅ１", "١٢", "é", "e\u0301"),
    *("😀", "E1 ", "e1", "E1:cash", "enterprise:E1", "%s", "?", "'; DROP TABLE entries; --"),
    *("9" * 400, "0." + "3" * 400, "1" * 18, "-" + "9" * 18, '{"a":' + "[" * 9_000, "9999-12-31"),
    *("0001-01-01", "2025-13", "0000-01", "9999-12", "2025-02-30", "A" * 33, "A" * 5_000),
)
PLAUSIBLE = {
    "enterprise": ("E1", "E2", "E3"),
    "id": ("E1", "E4", "E5", "E3-M1", "E3-M9", "F1", "F2"),
    "owner_group": ("", "E1", "G"),
    "facility": ("F1", "F2"),
    "product": ("cement",),
    "capacity_unit": ("t",),
    "district": ("990101", "990102", "990000"),
    "code": ("990103", "990104", "PAPER", "CEMENT", "coal", "oil"),
    "parent": ("990000", ""),
    "successor": ("E1", "E2", "E3"),
    "share": ("1/2", "1"),
    "pack": ("sample", "national"),
    "sector": ("CEMENT", "TEXTILE"),
    "credit_code": tuple(
        body + credit_check(body) for body in ("91990000MA0000077", "91990000MA0000088")
    ),
    "capacity": (1_000,),
    "kind": ("fuel",),
    "outputs": ("cement",),
    "multiplier": ("1", "100"),
    "facility_capacity": (1,),
    "two_high": ("yes",),
    "name": ("示例",),
    "proposed": (1,),
    "document": ("示例1号",),
    "plan_hash": ("ab" * 32,),
    "consumed": (5_000, 100),
    "output": (0, 100),
    "reason": ("更正",),
    "methods": ("historical",),
    "year": (2024, 2025, 2025, 2026),
    "base_year": (2024, 2025),
    "statistics_year": (2024, 2025),
    "last_year": (2026, 2030),
    "version": (1, 2),
    "measure": ("energy", "coal"),
    "asset": (ENERGY, COAL, OLD, LATER, CITY, ELSEWHERE, "cash.cny"),
    "assets": (ENERGY, "carbon.flow.general.2025.na.990101", "coal.standing.other.t2030.na.990101"),
    "addresses": (
        "source:S1",
        "enterprise:E8:cash",
        "scheme:substituted:P1",
        "district:990101:held",
    ),
    "source": ("scheme:issuance", "enterprise:E1:holding", "bank:settlement", "E1", "source:C1"),
    "destination": (
        "enterprise:E2:holding",
        "enterprise:E1:cash",
        "enterprise:E2:held",
        "scheme:expired",
    ),
    "reference": ("one", "two", "three"),
    "account": ("enterprise:E2:holding", "enterprise:E2:bought", "enterprise:E3:frozen"),
    "floor": (0, 1),
    "ceiling": (10**9, 10**12),
    "target": ("account:enterprise:E1:holding", f"asset:{ENERGY}", "entry:1", "command:1"),
    "key": ("contract", "court.case"),
    "through": (date(2024, 12, 31), date(2025, 6, 30)),
    "rule": ("REG-11",),
    "instrument": ("EN-25", "EN-25", "EN-26", "CO-25"),
    "phase": ("call", "continuous", "quiet"),
    "seller": ("enterprise:E1", "district:990101", "enterprise:E2"),
    "bidders": ("E2", "E3", "E1"),
    "price_fen": (9_000, 10_000, 10_500, 11_000),
    "reserve_price_fen": (10_000,),
    "increment_fen": (10,),
    "quantity_tce": (10, 20, 50),
    "rounds_max": (1, 3),
    "modes": ("", "continuous tender", "call_auction"),
    "auction_reading": ("",),
    "self_match": ("", "decrement"),
    "closing_price": ("",),
    "tick_fen": (1, 10),
    "lot_tce": (1, 10),
    "band_basis_points": (1_000,),
    "fee_basis_points": (0, 20),
    "resale_days": (0, 1),
    "first_reference_price_fen": (10_000,),
    "person": ("person:A1", "person:A2"),
    "scope": ("*", "enterprise:E1"),
    "purpose": ("pledge", "test"),
    "expires_at": (None, 1_768_500_000_000_000),
    "amount": (1, 100, 1_000),
    "amount_fen": (100, 10_000),
    "meter": ("E3-M1", "E1-COAL", "E2-GAS"),
    "carrier": ("coal", "gas"),
    "unit": ("kg", "t"),
    "month": ("2025-02", "2025-12", "2026-01"),
    "first_month": ("2024-12", "2025-12"),
    "value": ("600", "0", "500.5"),
    "first_value": ("0", "100"),
    "verifiers": ("person:VER1", "person:VER2"),
    "team": ("person:VER1",),
    "enterprises": ("E1", "E2", "E3"),
    "without_output": ("E1", "E3"),
    "deadline": ("2026-06-30", "2027-06-30", ""),
    "waiver": ("示例",),
    "claim": ("C1", "C2"),
    "works": ("W1", "W2"),
    "project": ("P1", "P2"),
    "evidence": ("ab" * 32,),
    "opinion_hash": ("ab" * 32,),
    "report_hash": ("ab" * 32,),
    "kgce_per_unit": ("1", "0.7143"),
    "coal_kg_per_unit": ("0", "1"),
    "day": (date(2026, 1, 15), date(2026, 1, 16)),
    "audited_on": (date(2025, 3, 1), date(2026, 1, 10)),
    "closed_on": (date(2025, 6, 30), date(2026, 1, 10)),
    "began_on": (date(2025, 3, 1),),
    "ended_on": (date(2025, 9, 1),),
    "certificates_sold": ("CERT-1",),
}
DAYS = (date.min, date.max, date(2026, 1, 15), date(1969, 12, 31), date(2100, 1, 1))


class Hostile:
    """Draws payloads of the kinds of one program; *share* of the values are hostile."""

    def __init__(self, subjects, seed, share=0.15):
        self.subjects = subjects
        self.chance = random.Random(seed)
        self.share = share
        self.honest = toml(Path(__file__).parents[1] / "vectors" / "bad_input.toml")["honest"]
        self.numbers = [1]

    def payload(self, kind):
        """Return one payload of *kind*, mostly of plausible values."""
        shape = self.subjects.handlers[kind].payload
        if shape is Propose:
            return self._proposal()
        if shape is AdoptPack and self.chance.random() < 0.8:
            return AdoptPack(content=self._pack())
        if shape in (Approve, Reject) and self.chance.random() < 0.5:
            return shape(self.number(), self.text("reason"))
        honest = self.honest.get(kind, {}).get("document")
        if honest and self.chance.random() < 0.5:
            return self._bent(shape, honest)
        return self._struct(shape)

    def note(self, sequence, entry):
        """Keep numbers that may be of an order, a proposal, a tender, a hold or an entry."""
        self.numbers = [*self.numbers[-30:], sequence, entry]

    def number(self):
        return self.chance.choice(self.numbers)

    def _bent(self, shape, honest):
        """Return the honest payload of *shape* with one field replaced."""
        fields = msgspec.structs.fields(shape)
        bent = self.chance.choice(fields)
        hints = get_type_hints(shape)
        values = {}
        for field in fields:
            if field.name in honest and field is not bent:
                try:
                    values[field.name] = msgspec.convert(honest[field.name], hints[field.name])
                    continue
                except msgspec.ValidationError:
                    pass
            elif field.name not in honest and field is not bent and not field.required:
                continue
            values[field.name] = self._value(hints[field.name], field.name)
        return shape(**values)

    def _struct(self, shape):
        hints = get_type_hints(shape)
        values = {}
        for field in msgspec.structs.fields(shape):
            if field.required or self.chance.random() < 0.6:
                values[field.name] = self._value(hints[field.name], field.name)
        return shape(**values)

    def _value(self, hint, name):
        origin = get_origin(hint)
        if origin is types.UnionType or type(None) in get_args(hint):
            inner = [each for each in get_args(hint) if each is not type(None)]
            return None if self.chance.random() < 0.3 else self._value(inner[0], name)
        if origin is Literal:
            return self.chance.choice(get_args(hint))
        if origin is tuple:
            return self._rows(get_args(hint)[0], name)
        if hint is int:
            return self.integer(name)
        if hint is str:
            return self.text(name)
        if hint is bool:
            return self.chance.random() < 0.5
        if hint is date:
            return self._pick(name, DAYS, date)
        if issubclass(hint, Enum):
            return self.chance.choice(list(hint))
        assert issubclass(hint, msgspec.Struct), hint
        return self._struct(hint)

    def _rows(self, hint, name):
        rows = [self._value(hint, name) for _ in range(self.chance.choice((0, 1, 1, 1, 2, 3)))]
        if rows and self.chance.random() < 0.15:
            rows.append(rows[0])
        return tuple(rows)

    def integer(self, name):
        if name in ("hold", "entry", "order", "tender", "proposal") and self.chance.random() < 0.8:
            return self.number()
        return self._pick(name, INTEGERS, int)

    def text(self, name):
        return self._pick(name, (*TEXTS, self._long()), str)

    def _long(self):
        """Return a long text that no database can compress into an index page."""
        return "".join(chr(self.chance.randrange(0x4E00, 0x9FA5)) for _ in range(3_000))

    def _pick(self, name, hostile, kind):
        lawful = [each for each in PLAUSIBLE.get(name, ()) if isinstance(each, kind)]
        if not lawful or self.chance.random() < self.share:
            return self.chance.choice(hostile)
        return self.chance.choice(lawful)

    def _proposal(self):
        checked = [kind for kind, each in self.subjects.handlers.items() if each.checkers]
        kind = self.chance.choice([*checked, "hold.place", "tick"])
        shape = self.subjects.handlers[kind].payload
        try:
            document = canonical(self._struct(shape)).decode()
        except UnicodeEncodeError:
            document = self.text("document")
        # Spaces, escapes and long numbers that canonical JSON would not have.
        return Propose(
            proposed_kind=kind,
            document=document.replace(":", " : ").replace(",", " , ").replace("}", " }"),
        )

    def _pack(self):
        pack = json.loads(json.dumps(self.honest["packs.adopt"]["pack"]))
        target = self.chance.choice([pack, pack["parameter"][0]])
        name = self.chance.choice([*target, "extends", "valid_to", "quote"])
        target[name] = self.chance.choice(
            [
                self.text(name),
                self.integer(name),
                [],
                {},
                None,
                True,
                0.5,
                [[[]]],
                {"a": {"b": "c"}},
            ]
        )
        try:
            text = json.dumps(pack, ensure_ascii=False)
            text.encode()
        except UnicodeEncodeError:
            text = json.dumps(pack)
        return text
