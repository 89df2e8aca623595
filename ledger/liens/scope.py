"""
For whom a command about a lien is sent: whose role it takes.

An unknown lease, pledge, sale or freeze belongs to nobody, so it is asked of those who act
anywhere; its verb then refuses it, and the refusal is in the log.
"""

from ledger.liens.tables import FreezeRow, LeaseRow, PledgeRow, PledgeSaleRow
from ledger.parties.party import Parties
from ledger.subject import ANYWHERE
from ledger.work import Work


def lessee(work: Work, lease: str) -> str:
    """Return the scope of a lease's lessee."""
    row = work.session.get(LeaseRow, lease)
    return ANYWHERE if row is None else f"enterprise:{row.lessee}"


def pledgee(work: Work, pledge: str) -> str:
    """Return the scope of a pledge's pledgee."""
    row = work.session.get(PledgeRow, pledge)
    return ANYWHERE if row is None else f"enterprise:{row.pledgee}"


def pledgee_of_sale(work: Work, sale: str) -> str:
    """Return the scope of the pledgee who offered a sale."""
    row = work.session.get(PledgeSaleRow, sale)
    return ANYWHERE if row is None else pledgee(work, row.pledge)


def pledgor_of_sale(work: Work, sale: str) -> str:
    """Return the scope of the pledgor whose units a sale offers."""
    row = work.session.get(PledgeSaleRow, sale)
    pledge = None if row is None else work.session.get(PledgeRow, row.pledge)
    return ANYWHERE if pledge is None else f"enterprise:{pledge.pledgor}"


def buyer_of_sale(work: Work, sale: str) -> str:
    """Return the scope of the buyer that a sale names."""
    row = work.session.get(PledgeSaleRow, sale)
    return ANYWHERE if row is None or not row.buyer else f"enterprise:{row.buyer}"


def district_of(work: Work, enterprise: str) -> str:
    """Return the scope of the district in which an enterprise lies."""
    party = work.memory.cache(Parties).enterprises.get(enterprise)
    return ANYWHERE if party is None else f"district:{party.district}"


def district_of_freeze(work: Work, freeze: str) -> str:
    """Return the scope of the district in which the enterprise of a freeze lies."""
    row = work.session.get(FreezeRow, freeze)
    return ANYWHERE if row is None else district_of(work, row.enterprise)
