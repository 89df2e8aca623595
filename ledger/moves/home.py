"""
Where an enterprise's free units are, and what binds whoever moves them without a price.
"""

from datetime import date

from ledger.adopt import Policy
from ledger.asset import CNY, Asset, Kind, parse_asset
from ledger.chart import of_enterprise
from ledger.compliance.lookup import areas_of
from ledger.days import start_of
from ledger.errors import Refused
from ledger.memory import CLOSED, Memory
from ledger.parties.party import Parties
from ledger.policy import Found
from ledger.post import AmountNotPositive, AssetUnknown
from ledger.work import Work

TEXT_MAX = 500
"""Characters of a reason, a purpose, a court or a document."""


class CashNotMoved(Refused):
    """Cash is paid, deposited and withdrawn, and never moved as quota is."""

    code = "cash_not_moved"
    rule = "MOV-01"

    def __init__(self) -> None:
        super().__init__("cash is not quota; name an annual allowance or a standing right")


class PartySame(Refused):
    """Both sides are one enterprise."""

    code = "party_same"
    rule = "MOV-01"

    def __init__(self, enterprise: str) -> None:
        super().__init__(
            f"{enterprise} stands on both sides; name another enterprise", enterprise=enterprise
        )


class TextUnfit(Refused):
    """A text that others rely on is missing or too long."""

    code = "move_text_unfit"
    rule = "MOV-01"

    def __init__(self, what: str, length: int) -> None:
        super().__init__(
            f"state {what} in 1 to {TEXT_MAX} characters, not {length}",
            what=what,
            length=length,
            largest=TEXT_MAX,
        )


class StandingOver(Refused):
    """The term of a standing right has ended."""

    code = "standing_right_over"
    rule = "MOV-02"

    def __init__(self, asset: str, *, last_day: date, day: date) -> None:
        super().__init__(
            f"{asset} could move until the end of {last_day}; {day} is later",
            asset=asset,
            last_day=last_day.isoformat(),
            day=day.isoformat(),
        )


class PartnerOutsideArea(Refused):
    """The units are for use where the other enterprise does not lie."""

    code = "partner_outside_area"
    rule = "MOV-03"

    def __init__(self, enterprise: str, *, area: str) -> None:
        super().__init__(
            f"{enterprise} lies outside {area}, where these units are for use; name one inside",
            enterprise=enterprise,
            area=area,
        )


def quota_of(memory: Memory, code: str) -> Asset:
    """Return the dimensions of a quota asset that is in use, or refuse. Rule: MOV-01."""
    if code == CNY:
        raise CashNotMoved
    asset = parse_asset(code)
    if code not in memory.assets:
        raise AssetUnknown(code)
    return asset


def home_of(enterprise: str, asset: Asset) -> str:
    """Return the account from which an enterprise's own free units of *asset* move."""
    purpose = "entitlement" if asset.kind is Kind.STANDING else "holding"
    return of_enterprise(enterprise, purpose)


def last_day_of_term(asset: Asset) -> date:
    """Return the last day of a standing right's term."""
    return year_end(asset.vintage)


def year_end(year: int) -> date:
    """Return the last day of a year; of one that the calendar does not have, of the nearest."""
    return date(min(max(year, date.min.year), date.max.year), 12, 31)


def after(day: date) -> int:
    """Return the instant at which *day* is over, the last day of the calendar too."""
    return start_of(day, minute=24 * 60)


def require_in_term(asset: Asset, *, on: date) -> None:
    """Refuse a standing right after its last day, which itself is in time. Rule: MOV-02."""
    if asset.kind is Kind.STANDING and on > last_day_of_term(asset):
        raise StandingOver(asset.code, last_day=last_day_of_term(asset), day=on)


def require_two(memory: Memory, enterprise: str, other: str) -> None:
    """Refuse unless both are registered and differ. Rule: MOV-01."""
    parties = memory.cache(Parties)
    parties.enterprise(enterprise)
    parties.enterprise(other)
    if enterprise == other:
        raise PartySame(enterprise)


def require_in_area(memory: Memory, asset: Asset, enterprise: str) -> None:
    """Refuse an enterprise outside the area where the units are for use. Rule: MOV-03."""
    district = asset.area.partition("-")[0]
    if district not in areas_of(memory, enterprise):
        raise PartnerOutsideArea(enterprise, area=district)


def require_amount(amount: int) -> None:
    """Refuse nothing and less. Rule: REG-10."""
    if amount <= 0:
        raise AmountNotPositive(amount)


def require_text(what: str, text: str) -> None:
    """Refuse a text that is empty or longer than 500 characters. Rule: MOV-01."""
    length = len(text.strip())
    if not 0 < length <= len(text) <= TEXT_MAX:
        raise TextUnfit(what, len(text) if length else 0)


def parameter(work: Work, enterprise: str, key: str, *, on: date) -> Found:
    """Return what governs *enterprise* on the day *on*, or refuse. Rule: POL-08."""
    parties = work.memory.cache(Parties)
    pack = parties.district(parties.enterprise(enterprise).district).pack
    return work.memory.cache(Policy).find(pack, key, on)


def place_for(memory: Memory, address: str) -> str:
    """
    Return *address*, or scheme:expired where that account was closed meanwhile.

    What falls due must have somewhere to go, and a closed account takes nothing any more.
    """
    account = memory.accounts[address]
    return "scheme:expired" if account.state == CLOSED else address
