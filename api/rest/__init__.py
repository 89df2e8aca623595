"""The JSON API, /api/v1: one file a resource. A view loads, submits or reads, and dumps."""

from api.rest.accounts import accounts
from api.rest.allocations import allocated
from api.rest.api_keys import api_keys
from api.rest.auctions import calls
from api.rest.balances import balances
from api.rest.book import books
from api.rest.budgets import capped
from api.rest.cash import cash
from api.rest.checkpoints import checkpoints
from api.rest.claims import due
from api.rest.clock import clock
from api.rest.closings import closed
from api.rest.commands import commands
from api.rest.districts import districts
from api.rest.enterprises import enterprises
from api.rest.entitlements import entitled
from api.rest.entries import entries
from api.rest.facilities import facilities
from api.rest.factors import converted
from api.rest.figures import standing
from api.rest.freed_claims import freed
from api.rest.health import health
from api.rest.history import past
from api.rest.holds import holds
from api.rest.instruments import listed
from api.rest.lineage import traced
from api.rest.market_data import data
from api.rest.meters import installed
from api.rest.obligations import obliged
from api.rest.opinions import verified
from api.rest.orders import orders
from api.rest.packs import packs
from api.rest.projects import built
from api.rest.proposals import proposals
from api.rest.quotes import headers
from api.rest.readings import metered
from api.rest.receipts import receipts
from api.rest.reports import filed
from api.rest.retrofits import works
from api.rest.roles import roles
from api.rest.rules import rules
from api.rest.sectors import sectors
from api.rest.session import access
from api.rest.surrenders import given_up
from api.rest.tenders import lots
from api.rest.terms import terms
from api.rest.trades import done
from api.rest.users import users
from api.rest.years import calendar

RESOURCES = (
    orders,
    calls,
    books,
    listed,
    headers,
    lots,
    done,
    data,
    allocated,
    capped,
    due,
    closed,
    entitled,
    converted,
    standing,
    freed,
    past,
    installed,
    obliged,
    verified,
    built,
    metered,
    filed,
    works,
    given_up,
    calendar,
    accounts,
    api_keys,
    balances,
    cash,
    checkpoints,
    clock,
    commands,
    districts,
    enterprises,
    entries,
    facilities,
    health,
    holds,
    traced,
    packs,
    proposals,
    receipts,
    roles,
    rules,
    sectors,
    access,
    terms,
    users,
)
