"""Changes of enterprises as the writer knows them: closing, merging, splitting, moving."""

from typing import Any

from ledger.liens.cease import CeaseEnterprise, cease_enterprise
from ledger.liens.merge import MergeEnterprises, merge_enterprises
from ledger.liens.relocate import RelocateEnterprise, relocate_enterprise
from ledger.liens.split import SplitEnterprise, split_enterprise
from ledger.parties.party import Parties
from ledger.subject import Handler, Role, Subject
from ledger.work import Work

__all__ = ["CHANGES"]


def _scope(work: Work, payload: Any) -> str:
    return f"district:{work.memory.cache(Parties).enterprise(payload.enterprise).district}"


_CITY = frozenset({Role.CITY_REGULATOR})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

CHANGES = Subject(
    "changes",
    tuple(
        Handler(payload, verb, makers=_DISTRICT, checkers=_CITY, scope=_scope)
        for payload, verb in (
            (CeaseEnterprise, cease_enterprise),
            (MergeEnterprises, merge_enterprises),
            (SplitEnterprise, split_enterprise),
            (RelocateEnterprise, relocate_enterprise),
        )
    ),
)
