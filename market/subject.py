"""
The market as a subject: who may send which of its commands, and how its memory is loaded.
"""

from ledger.subject import Handler, Role, Subject
from ledger.work import Work
from market.cancel import CancelOrder, cancel
from market.change_phase import ChangePhase, change_phase
from market.close_day import CloseDay, close_day
from market.cross import Uncross, uncross
from market.list_instrument import ListInstrument, list_instrument
from market.load import load_venue
from market.open_day import OpenDay, open_day
from market.open_tender import OpenTender, open_tender
from market.place import PlaceOrder, place
from market.run_tender import BidTender, CloseRound, bid_tender, close_round


def _of_enterprise(_work: Work, payload: PlaceOrder | CancelOrder | BidTender) -> str:
    return f"enterprise:{payload.enterprise}"


def _of_seller(_work: Work, payload: OpenTender) -> str:
    return payload.seller


_TRADER = frozenset({Role.ENTERPRISE_TRADER})
_OPERATOR = frozenset({Role.EXCHANGE_OPERATOR})
_CANCELLING = _TRADER | {Role.ENTERPRISE_ADMIN} | _OPERATOR
_SELLER = _TRADER | {Role.DISTRICT_REGULATOR, Role.CITY_REGULATOR}

MARKET = Subject(
    "market",
    (
        Handler(PlaceOrder, place, makers=_TRADER, scope=_of_enterprise, cold=False),
        Handler(CancelOrder, cancel, makers=_CANCELLING, scope=_of_enterprise, cold=False),
        Handler(ListInstrument, list_instrument, makers=_OPERATOR, checkers=_OPERATOR),
        Handler(OpenDay, open_day, makers=_OPERATOR),
        Handler(ChangePhase, change_phase, makers=_OPERATOR),
        Handler(Uncross, uncross, makers=_OPERATOR),
        Handler(CloseDay, close_day, makers=_OPERATOR),
        Handler(OpenTender, open_tender, makers=_SELLER, checkers=_OPERATOR, scope=_of_seller),
        Handler(BidTender, bid_tender, makers=_TRADER, scope=_of_enterprise),
        Handler(CloseRound, close_round, makers=_OPERATOR),
    ),
    load=load_venue,
)
