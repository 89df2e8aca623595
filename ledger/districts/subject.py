"""Districts as the writer knows them: budgets, their books, gates, assessments, evaluations."""

from ledger.districts.assess import ASSESS_HANDLERS
from ledger.districts.enforce import ENFORCE_HANDLERS
from ledger.districts.evaluation import EVALUATION_HANDLERS
from ledger.districts.lend import LEND_HANDLERS
from ledger.districts.listing import LISTING_HANDLERS
from ledger.districts.rating import RATING_HANDLERS
from ledger.districts.record import RECORD_HANDLERS
from ledger.districts.region import REGION_HANDLERS
from ledger.districts.uncovered import UNCOVERED_HANDLERS
from ledger.subject import Subject

DISTRICTS = Subject(
    "districts",
    (
        *ENFORCE_HANDLERS,
        *UNCOVERED_HANDLERS,
        *LEND_HANDLERS,
        *RECORD_HANDLERS,
        *RATING_HANDLERS,
        *ASSESS_HANDLERS,
        *LISTING_HANDLERS,
        *REGION_HANDLERS,
        *EVALUATION_HANDLERS,
    ),
)
