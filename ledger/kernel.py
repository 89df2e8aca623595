"""
The kernel as a subject: opening the ledger, roles, four eyes, ticks, postings and their terms.

`compose` joins it with the subjects of a program.
"""

from collections.abc import Iterable

from ledger.approve import Approvals
from ledger.cash import CASH_HANDLERS
from ledger.chains import CHAIN_HANDLERS
from ledger.open_accounts import OPEN_HANDLERS
from ledger.register import REGISTER_HANDLERS
from ledger.roles import ROLE_HANDLERS
from ledger.set_aside import SET_ASIDE_HANDLERS
from ledger.subject import Subject, Subjects
from ledger.terms.subject import TERMS_HANDLERS
from ledger.tick import Ticks
from ledger.transfer import TRANSFER_HANDLERS


def compose(subjects: Iterable[Subject] = ()) -> Subjects:
    """Return the kernel and *subjects* as one table of handlers."""
    approvals, ticks = Approvals(), Ticks()
    kernel = Subject(
        "kernel",
        (
            *REGISTER_HANDLERS,
            *ROLE_HANDLERS,
            *TRANSFER_HANDLERS,
            *CHAIN_HANDLERS,
            *TERMS_HANDLERS,
            *OPEN_HANDLERS,
            *CASH_HANDLERS,
            *SET_ASIDE_HANDLERS,
            *approvals.handlers(),
            *ticks.handlers(),
        ),
    )
    composed = Subjects((kernel, *subjects))
    approvals.subjects = ticks.subjects = composed
    return composed
