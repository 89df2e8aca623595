"""Districts as the writer knows them: budgets, reserves and published figures."""

from ledger.districts.enforce import ENFORCE_HANDLERS
from ledger.districts.record import RECORD_HANDLERS
from ledger.subject import Subject

DISTRICTS = Subject("districts", (*ENFORCE_HANDLERS, *RECORD_HANDLERS))
