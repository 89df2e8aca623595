"""
Pages for authorities, and those of proposals and the journal that others share with them.
"""

import api.web.authority_allocation as allocation_pages
import api.web.authority_districts as districts_pages
import api.web.authority_flows as flows_pages
import api.web.authority_freed as freed_pages
import api.web.authority_lots as lots_pages
import api.web.authority_overview as overview_pages
import api.web.authority_projects as projects_pages
import api.web.authority_years as years_pages
import api.web.journal as journal_pages
import api.web.proposals as proposals_pages
from api.web.authority_frame import authority

__all__ = ["authority"]

PARTS = (
    allocation_pages,
    districts_pages,
    flows_pages,
    freed_pages,
    lots_pages,
    overview_pages,
    projects_pages,
    years_pages,
    journal_pages,
    proposals_pages,
)
"""Each puts its routes on the one blueprint while it is loaded."""
