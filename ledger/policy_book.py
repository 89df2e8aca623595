"""
The packs in force and the waivers recorded, as the writer keeps them in memory.
"""

from datetime import date, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from ledger.memory import Memory
from ledger.pack_change import turning_days
from ledger.policy import (
    Candidate,
    Found,
    Pack,
    Parameter,
    ParameterMissing,
    chain,
    found_of,
    from_plain,
)
from ledger.tables import LedgerRow, PackRow
from ledger.waiver import Use, Waiver
from ledger.waiver_tables import WaiverRow


class Policy:
    """
    The packs in force and the waivers recorded; the writer's cache.

    A district's own pack and those it builds on speak first, then the pack of the ledger's
    jurisdiction, then the nation's: the most local value wins.
    """

    def __init__(self) -> None:
        self.packs: dict[str, Pack] = {}
        self.jurisdiction = ""
        self.waivers: set[Waiver] = set()

    def find(self, pack_id: str, key: str, on: date) -> Found:
        """Return the value of *key* in force on day *on* where *pack_id* governs, or refuse."""
        standing = self.candidates(pack_id, key, on)
        if not standing:
            raise ParameterMissing(key, pack=pack_id, on=on)
        return found_of(standing)

    def candidates(self, pack_id: str, key: str, on: date) -> tuple[Candidate, ...]:
        """Return every value of *key* in force on a day, the one that wins first; or none."""
        return tuple(
            Candidate(pack.id, pack.version, parameter)
            for pack in self.governing(pack_id)
            for parameter in _index(pack).get(key, ())
            if parameter.is_in_force(on)
        )

    def governing(self, pack_id: str) -> list[Pack]:
        """Return the packs that speak where *pack_id* governs, in the order they are heard."""
        if not self.jurisdiction:
            return list(chain(self.packs, pack_id))
        own = [pack for pack in chain(self.packs, pack_id) if pack.parent is not None]
        shared = chain(self.packs, self.jurisdiction)
        return [*own, *(pack for pack in shared if pack not in own)]

    def uses(self, pack_id: str, prefixes: tuple[str, ...], first: date, last: date) -> list[Use]:
        """Return every value that wins on some day from *first* to *last*, of keys so beginning."""
        packs = self.governing(pack_id)
        keys = {key for pack in packs for key in _index(pack) if key.startswith(prefixes)}
        return [use for key in sorted(keys) for use in self._uses_of(pack_id, key, first, last)]

    def _uses_of(self, pack_id: str, key: str, first: date, last: date) -> list[Use]:
        listed = [each for pack in self.governing(pack_id) for each in _index(pack).get(key, ())]
        days = sorted({first, *(day for day in turning_days(listed) if first < day <= last)})
        ends = [*(day - timedelta(days=1) for day in days[1:]), last]
        found: list[Use] = []
        for begins, until in zip(days, ends, strict=True):
            standing = self.candidates(pack_id, key, begins)
            if standing:
                found.append(Use(standing[0].pack_id, standing[0].parameter, begins, until))
        return found


Index = dict[str, list[Parameter]]
_KEPT_MAX = 64
_INDEXES: dict[str, Index] = {}


def _index(pack: Pack) -> Index:
    """Return the values of a pack by key; kept by its version, which stands for all it holds."""
    found = _INDEXES.get(pack.version)
    if found is None:
        found = {}
        for each in pack.parameters:
            found.setdefault(each.key, []).append(each)
        if len(_INDEXES) >= _KEPT_MAX:
            _INDEXES.clear()
        _INDEXES[pack.version] = found
    return found


def load_policy(connection: sa.Connection, _memory: Memory) -> Policy:
    """Return the cache of packs in force from the database."""
    policy = Policy()
    rows = connection.execute(sa.select(PackRow.content).order_by(PackRow.adopted_by))
    for (content,) in rows:
        pack = from_plain(msgspec.json.decode(content))
        policy.packs[pack.id] = pack
    policy.waivers = load_waivers(connection)
    jurisdiction = connection.execute(sa.select(LedgerRow.jurisdiction)).scalar_one_or_none()
    if jurisdiction in policy.packs:
        policy.jurisdiction = jurisdiction
    return policy


def load_waivers(connection: sa.Connection) -> set[Waiver]:
    """Return every recorded waiver from the database."""
    return {_waiver(row) for row in connection.execute(sa.select(WaiverRow.__table__))}


def _waiver(row: sa.Row[Any]) -> Waiver:
    return Waiver(
        pack=row.pack,
        key=row.key,
        valid_from=date.fromisoformat(row.valid_from),
        value=row.value,
        first_day=date.fromisoformat(row.first_day),
        last_day=date.fromisoformat(row.last_day),
    )
