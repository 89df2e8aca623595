"""Limits, freezes, seals and metadata as the writer knows them."""

from ledger.subject import Handler, Role
from ledger.terms.limit import SetLimit, set_limit
from ledger.terms.note import SetMetadata, set_metadata
from ledger.terms.seal import SealPeriod, seal_period
from ledger.terms.state import (
    CloseAccount,
    FreezeAccount,
    ThawAccount,
    close_account,
    freeze_account,
    thaw_account,
)

_REGULATOR = frozenset({Role.CITY_REGULATOR})
_OFFICES = _REGULATOR | {Role.EXCHANGE_OPERATOR, Role.CLEARING_OPERATOR}

TERMS_HANDLERS = (
    Handler(SetLimit, set_limit, makers=_REGULATOR, checkers=_REGULATOR),
    Handler(FreezeAccount, freeze_account, makers=_REGULATOR, checkers=_REGULATOR),
    Handler(ThawAccount, thaw_account, makers=_REGULATOR, checkers=_REGULATOR),
    Handler(CloseAccount, close_account, makers=_REGULATOR, checkers=_REGULATOR),
    Handler(SealPeriod, seal_period, makers=_REGULATOR, checkers=_REGULATOR),
    Handler(SetMetadata, set_metadata, makers=_OFFICES),
)
