"""Liens as the writer knows them: their commands, who may send them, and what falls due."""

from collections.abc import Callable
from typing import Any

from ledger.command import Payload
from ledger.liens import scope
from ledger.liens.freeze import DUE_FREEZE, end_in_time
from ledger.liens.freeze_commands import (
    CarryOutOrder,
    LiftFreeze,
    RenewFreeze,
    carry_out_order,
    lift_freeze,
    renew_freeze,
)
from ledger.liens.lease import DUE_LEASE, AcceptLease, OfferLease, accept_lease, offer_lease
from ledger.liens.lease_end import (
    CallBackLease,
    EndLease,
    SettleLease,
    WithdrawLease,
    call_back_lease,
    end_lease,
    return_in_time,
    settle_lease,
    withdraw_lease,
)
from ledger.liens.pledge import (
    DUE_MATURITY,
    AcceptPledge,
    OfferPledge,
    ReleasePledge,
    WithdrawPledge,
    accept_pledge,
    offer_pledge,
    release_pledge,
    remind,
    withdraw_pledge,
)
from ledger.liens.pledge_lapse import LapsePledge, lapse_pledge
from ledger.liens.pledge_sale import (
    ApproveSale,
    BuyPledged,
    ConsentSale,
    SellPledged,
    WithdrawSale,
    approve_sale,
    buy_pledged,
    consent_sale,
    sell_pledged,
    withdraw_sale,
)
from ledger.liens.succession import Succeed, succeed
from ledger.subject import Handler, Result, Role, Subject
from ledger.work import Work

_TRADER = frozenset({Role.ENTERPRISE_TRADER})
_ADMIN = frozenset({Role.ENTERPRISE_ADMIN})
_CITY = frozenset({Role.CITY_REGULATOR})
_OFFICES = _CITY | {Role.DISTRICT_REGULATOR}

Verb = Callable[[Work, Any], Result]
Scope = Callable[[Work, Any], str]


def _enterprise(_work: Work, payload: Any) -> str:
    return f"enterprise:{payload.enterprise}"


def _side(payload: type[Payload], verb: Verb, whose: Scope = _enterprise) -> Handler:
    """Return a command of one side of an agreement: its trader makes it, its admin checks."""
    return Handler(payload, verb, makers=_TRADER, checkers=_ADMIN, scope=whose)


def _alone(payload: type[Payload], verb: Verb, whose: Scope = _enterprise) -> Handler:
    """Return a command that takes back one's own word, for which one person is enough."""
    return Handler(payload, verb, makers=_TRADER | _ADMIN, scope=whose)


def _office(payload: type[Payload], verb: Verb, whose: Scope) -> Handler:
    """Return a command of the authority for an enterprise in its district."""
    return Handler(payload, verb, makers=_OFFICES, checkers=_CITY, scope=whose)


LIENS = Subject(
    "liens",
    (
        _side(OfferLease, offer_lease),
        _side(AcceptLease, accept_lease, lambda work, payload: scope.lessee(work, payload.lease)),
        _alone(WithdrawLease, withdraw_lease),
        _side(EndLease, end_lease),
        _side(SettleLease, settle_lease, lambda work, payload: scope.lessee(work, payload.lease)),
        Handler(CallBackLease, call_back_lease, makers=_CITY, checkers=_CITY),
        _side(OfferPledge, offer_pledge),
        _side(
            AcceptPledge, accept_pledge, lambda work, payload: scope.pledgee(work, payload.pledge)
        ),
        _alone(WithdrawPledge, withdraw_pledge),
        _side(
            ReleasePledge, release_pledge, lambda work, payload: scope.pledgee(work, payload.pledge)
        ),
        _side(SellPledged, sell_pledged, lambda work, payload: scope.pledgee(work, payload.pledge)),
        _side(
            ConsentSale,
            consent_sale,
            lambda work, payload: scope.pledgor_of_sale(work, payload.sale),
        ),
        _side(
            BuyPledged, buy_pledged, lambda work, payload: scope.buyer_of_sale(work, payload.sale)
        ),
        _alone(
            WithdrawSale,
            withdraw_sale,
            lambda work, payload: scope.pledgee_of_sale(work, payload.sale),
        ),
        Handler(ApproveSale, approve_sale, makers=_CITY, checkers=_CITY),
        Handler(LapsePledge, lapse_pledge, makers=_CITY, checkers=_CITY),
        _office(
            RenewFreeze,
            renew_freeze,
            lambda work, payload: scope.district_of_freeze(work, payload.freeze),
        ),
        _office(
            LiftFreeze,
            lift_freeze,
            lambda work, payload: scope.district_of_freeze(work, payload.freeze),
        ),
        _office(
            CarryOutOrder,
            carry_out_order,
            lambda work, payload: scope.district_of(work, payload.enterprise),
        ),
        _office(
            Succeed, succeed, lambda work, payload: scope.district_of(work, payload.enterprise)
        ),
    ),
    due={DUE_LEASE: return_in_time, DUE_FREEZE: end_in_time, DUE_MATURITY: remind},
)
