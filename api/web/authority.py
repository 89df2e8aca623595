"""
Pages for authorities, and those of proposals and the journal that others share with them.
"""

import api.web.authority_allocation as allocation_pages
import api.web.authority_books as books_pages
import api.web.authority_districts as districts_pages
import api.web.authority_duplicates as duplicates_pages
import api.web.authority_flows as flows_pages
import api.web.authority_freed as freed_pages
import api.web.authority_gates as gates_pages
import api.web.authority_ground as ground_pages
import api.web.authority_liens as liens_pages
import api.web.authority_lots as lots_pages
import api.web.authority_new_use as new_use_pages
import api.web.authority_objections as objections_pages
import api.web.authority_overview as overview_pages
import api.web.authority_projects as projects_pages
import api.web.authority_reserve as reserve_pages
import api.web.authority_tables as tables_pages
import api.web.authority_two_high as two_high_pages
import api.web.authority_years as years_pages
import api.web.journal as journal_pages
import api.web.proposals as proposals_pages
from api.web.authority_frame import authority

__all__ = ["authority"]

PARTS = (
    allocation_pages,
    books_pages,
    districts_pages,
    duplicates_pages,
    flows_pages,
    freed_pages,
    gates_pages,
    ground_pages,
    liens_pages,
    lots_pages,
    objections_pages,
    new_use_pages,
    overview_pages,
    projects_pages,
    reserve_pages,
    two_high_pages,
    tables_pages,
    years_pages,
    journal_pages,
    proposals_pages,
)
"""Each puts its routes on the one blueprint while it is loaded."""
