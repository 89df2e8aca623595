"""
The market as a subject: who may send which of its commands, and how its memory is loaded.
"""

from ledger.liens.scope import district_of, pledgee
from ledger.subject import Handler, Role, Subject
from ledger.work import Work
from market.cancel import CancelOrder, cancel
from market.change_phase import ChangePhase, change_phase
from market.close_day import CloseDay, close_day
from market.court_freeze import FreezeUnits, freeze_units
from market.cross import Uncross, uncross
from market.list_instrument import ListInstrument, list_instrument
from market.load import load_venue
from market.open_day import OpenDay, open_day
from market.open_tender import OpenTender, open_tender
from market.place import PlaceOrder, place
from market.pledge_sale import AuctionPledged, auction_pledged
from market.run_tender import BidTender, CloseRound, bid_tender, close_round


def _of_enterprise(_work: Work, payload: PlaceOrder | CancelOrder | BidTender) -> str:
    return f"enterprise:{payload.enterprise}"


def _of_seller(_work: Work, payload: OpenTender) -> str:
    return payload.seller


def _of_debtor(work: Work, payload: FreezeUnits) -> str:
    return district_of(work, payload.enterprise)


_TRADER = frozenset({Role.ENTERPRISE_TRADER})
_OPERATOR = frozenset({Role.EXCHANGE_OPERATOR})
_CANCELLING = _TRADER | {Role.ENTERPRISE_ADMIN} | _OPERATOR
_CITY = frozenset({Role.CITY_REGULATOR})
_OFFICES = _CITY | {Role.DISTRICT_REGULATOR}
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
        Handler(FreezeUnits, freeze_units, makers=_OFFICES, checkers=_CITY, scope=_of_debtor),
        Handler(
            AuctionPledged,
            auction_pledged,
            makers=_TRADER,
            checkers=_OPERATOR,
            scope=lambda work, payload: pledgee(work, payload.pledge),
        ),
    ),
    load=load_venue,
)
