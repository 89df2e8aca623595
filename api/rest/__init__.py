"""The JSON API, /api/v1: one file a resource. A view loads, submits or reads, and dumps."""

from api.rest.accounts import accounts
from api.rest.allocations import allocated
from api.rest.api_keys import api_keys
from api.rest.auctions import calls
from api.rest.balances import balances
from api.rest.book import books
from api.rest.budgets import capped
from api.rest.cancellations import cancelled
from api.rest.carbon import fuelled
from api.rest.cash import cash
from api.rest.certificates import green
from api.rest.changes import changed
from api.rest.checkpoints import checkpoints
from api.rest.claims import due
from api.rest.clock import clock
from api.rest.closed_loops import looped
from api.rest.closings import closed
from api.rest.commands import commands
from api.rest.conversions import levelled
from api.rest.deficits import owed
from api.rest.districts import districts
from api.rest.duplicates import doubled
from api.rest.enterprises import enterprises
from api.rest.entitlements import entitled
from api.rest.entrants import entered
from api.rest.entries import entries
from api.rest.evaluations import evaluated
from api.rest.facilities import facilities
from api.rest.factors import converted
from api.rest.figures import standing
from api.rest.freed_claims import freed
from api.rest.freezes import frozen
from api.rest.gates import gated
from api.rest.health import health
from api.rest.history import past
from api.rest.holds import holds
from api.rest.indicators import indicated
from api.rest.industries import catalogued
from api.rest.instruments import listed
from api.rest.leases import lent
from api.rest.lineage import traced
from api.rest.market_data import data
from api.rest.meters import installed
from api.rest.objections import objected
from api.rest.obligations import obliged
from api.rest.opinions import verified
from api.rest.orders import orders
from api.rest.packs import packs
from api.rest.pledges import secured
from api.rest.prices import priced
from api.rest.projects import built
from api.rest.proposals import proposals
from api.rest.quotes import headers
from api.rest.readings import metered
from api.rest.receipts import receipts
from api.rest.reports import filed
from api.rest.reserve import stored
from api.rest.retrofits import works
from api.rest.roles import roles
from api.rest.rules import rules
from api.rest.sectors import sectors
from api.rest.session import access
from api.rest.sources import lots as sources
from api.rest.surrenders import given_up
from api.rest.tables import brought
from api.rest.tenders import lots
from api.rest.terms import terms
from api.rest.trades import done
from api.rest.transfers import moved
from api.rest.trials import tried
from api.rest.two_high import registered
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
    tried,
    objected,
    changed,
    capped,
    due,
    closed,
    entered,
    entitled,
    priced,
    converted,
    standing,
    indicated,
    gated,
    evaluated,
    freed,
    sources,
    stored,
    owed,
    past,
    installed,
    obliged,
    verified,
    built,
    catalogued,
    looped,
    registered,
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
    doubled,
    fuelled,
    green,
    brought,
    moved,
    lent,
    secured,
    frozen,
    cancelled,
    levelled,
    users,
)
