"""
Who may send the commands about two-high lists, their register, and projects beyond planning.
"""

from ledger.parties.party import Parties
from ledger.subject import ANYWHERE, Handler, Role
from ledger.substitution.commission import (
    CloseProject,
    CommissionProject,
    WithdrawProject,
    close_project,
    commission_project,
    withdraw_project,
)
from ledger.substitution.industry import AdoptIndustries, adopt_industries
from ledger.substitution.project_tables import TwoHighRow
from ledger.substitution.rectify import (
    FindRectified,
    OrderRectification,
    find_rectified,
    order_rectification,
)
from ledger.substitution.register import EnterTwoHigh, enter_two_high
from ledger.substitution.register_steps import (
    ClassifyTwoHigh,
    MoveTwoHigh,
    classify_two_high,
    move_two_high,
)
from ledger.substitution.settle_deficit import SettleDeficit, settle_deficit
from ledger.substitution.tables import ProjectRow
from ledger.substitution.undo import UndoAcceptance, undo_acceptance
from ledger.work import Work


def applicant(work: Work, enterprise: str) -> str:
    """Return the enterprise where the actor acts for it, otherwise the enterprise's district."""
    own = f"enterprise:{enterprise}"
    granted = work.memory.roles.get(work.actor, set())
    if any(scope == own for _, scope in granted):
        return own
    party = work.memory.cache(Parties).enterprises.get(enterprise)
    return ANYWHERE if party is None else f"district:{party.district}"


def district_of_project(work: Work, project: str) -> str:
    """Return the district whose regulator accepts *project*."""
    row = work.session.get(ProjectRow, project)
    return ANYWHERE if row is None else f"district:{row.district}"


def applicant_of_project(work: Work, project: str) -> str:
    """Return the scope of whoever may plan for *project*, or withdraw it."""
    row = work.session.get(ProjectRow, project)
    return ANYWHERE if row is None else applicant(work, row.enterprise)


def district_of_entry(work: Work, entry: str) -> str:
    """Return the district whose register has the line *entry*."""
    row = work.session.get(TwoHighRow, entry)
    return ANYWHERE if row is None else f"district:{row.district}"


DISTRICT = frozenset({Role.DISTRICT_REGULATOR})
CITY = frozenset({Role.CITY_REGULATOR})
APPLICANT = frozenset({Role.ENTERPRISE_ADMIN, Role.ENTERPRISE_COMPLIANCE}) | DISTRICT | CITY

PROJECT_HANDLERS = (
    Handler(AdoptIndustries, adopt_industries, makers=CITY, checkers=CITY),
    Handler(
        EnterTwoHigh,
        enter_two_high,
        makers=DISTRICT | CITY,
        scope=lambda work, payload: f"district:{payload.district}",
    ),
    Handler(
        ClassifyTwoHigh,
        classify_two_high,
        makers=DISTRICT | CITY,
        scope=lambda work, payload: district_of_entry(work, payload.entry),
    ),
    Handler(
        MoveTwoHigh,
        move_two_high,
        makers=DISTRICT | CITY,
        scope=lambda work, payload: district_of_entry(work, payload.entry),
    ),
    Handler(
        CommissionProject,
        commission_project,
        makers=DISTRICT | CITY,
        scope=lambda work, payload: district_of_project(work, payload.project),
    ),
    Handler(
        CloseProject,
        close_project,
        makers=DISTRICT | CITY,
        scope=lambda work, payload: district_of_project(work, payload.project),
    ),
    Handler(
        WithdrawProject,
        withdraw_project,
        makers=APPLICANT,
        scope=lambda work, payload: applicant_of_project(work, payload.project),
    ),
    Handler(
        UndoAcceptance,
        undo_acceptance,
        makers=DISTRICT,
        checkers=CITY,
        scope=lambda work, payload: district_of_project(work, payload.project),
    ),
    Handler(
        SettleDeficit,
        settle_deficit,
        makers=DISTRICT,
        checkers=CITY,
        scope=lambda work, payload: district_of_project(work, payload.project),
    ),
    Handler(
        OrderRectification,
        order_rectification,
        makers=DISTRICT | CITY,
        scope=lambda work, payload: district_of_project(work, payload.project),
    ),
    Handler(
        FindRectified,
        find_rectified,
        makers=DISTRICT | CITY,
        scope=lambda work, payload: district_of_project(work, payload.project),
    ),
)
