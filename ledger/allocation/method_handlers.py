"""The commands of usage fees, new entrants, certificates, increments and the end of terms."""

from ledger.allocation.certificate import CERTIFICATE_HANDLERS
from ledger.allocation.entrant_year import ENTRANT_YEAR_HANDLERS
from ledger.allocation.entrants import ENTRANT_HANDLERS
from ledger.allocation.expire import EXPIRE_DUE, EXPIRE_HANDLERS
from ledger.allocation.fee import FEE_DUE, FEE_HANDLERS
from ledger.allocation.increment import INCREMENT_HANDLERS

METHOD_HANDLERS = (
    *FEE_HANDLERS,
    *ENTRANT_HANDLERS,
    *ENTRANT_YEAR_HANDLERS,
    *CERTIFICATE_HANDLERS,
    *INCREMENT_HANDLERS,
    *EXPIRE_HANDLERS,
)
METHOD_DUE = {**EXPIRE_DUE, **FEE_DUE}
