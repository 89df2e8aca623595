"""Moves without a price as the writer knows them: their commands and what falls due."""

from typing import Any

from ledger.moves.cancel import CancelUnits, cancel_units
from ledger.moves.convert import (
    DUE_YEAR_OVER,
    Convert,
    UndoConversion,
    convert,
    end_year,
    undo_conversion,
)
from ledger.moves.transfer import (
    DUE_TRANSFER,
    MakeTransfers,
    RecallTransfer,
    make_transfers,
    recall_transfer,
    settle_transfer,
)
from ledger.moves.trust import (
    DistrustPartner,
    SetTransferCeiling,
    TrustPartner,
    distrust_partner,
    set_ceiling,
    trust_partner,
)
from ledger.subject import Handler, Role, Subject
from ledger.work import Work

_TRADER = frozenset({Role.ENTERPRISE_TRADER})
_ADMIN = frozenset({Role.ENTERPRISE_ADMIN})


def _enterprise(_work: Work, payload: Any) -> str:
    return f"enterprise:{payload.enterprise}"


def _by_two(payload: Any, verb: Any) -> Handler:
    return Handler(payload, verb, makers=_TRADER, checkers=_ADMIN, scope=_enterprise)


MOVES = Subject(
    "moves",
    (
        _by_two(MakeTransfers, make_transfers),
        Handler(RecallTransfer, recall_transfer, makers=_TRADER | _ADMIN, scope=_enterprise),
        _by_two(TrustPartner, trust_partner),
        _by_two(DistrustPartner, distrust_partner),
        _by_two(SetTransferCeiling, set_ceiling),
        _by_two(CancelUnits, cancel_units),
        _by_two(Convert, convert),
        _by_two(UndoConversion, undo_conversion),
    ),
    due={DUE_TRANSFER: settle_transfer, DUE_YEAR_OVER: end_year},
)
