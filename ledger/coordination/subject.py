"""
What this subject offers the writer: who may send which of its commands, for whom.
"""

import sqlalchemy as sa

from ledger.coordination.certificate import (
    RecordCertificates,
    RetireCertificates,
    TransferCertificates,
    record_certificates,
    retire_certificates,
    transfer_certificates,
)
from ledger.coordination.dispose import DisposeDuplicate, dispose_duplicate, scope_of_match
from ledger.coordination.membership import (
    RecordMembership,
    RecordOffset,
    record_membership,
    record_offset,
    scope_of_offset,
)
from ledger.coordination.outside import (
    RecordMarks,
    RecordOutside,
    RegisterReduction,
    WithdrawOutside,
    record_marks,
    record_outside,
    register_reduction,
    withdraw_outside,
)
from ledger.coordination.overlap import require_no_duplicate
from ledger.memory import Memory
from ledger.parties.tables import FacilityRow
from ledger.subject import ANYWHERE, Handler, Role, Subject
from ledger.substitution.in_bulk import BULK_HANDLERS
from ledger.substitution.lock import ClaimLock
from ledger.work import Work


def _lock(_connection: sa.Connection, _memory: Memory) -> ClaimLock:
    """Let no claim be confirmed that may count twice. Rule: CRD-04."""
    return ClaimLock(require_no_duplicate)


def _of_facility(work: Work, payload: RegisterReduction) -> str:
    row = work.session.get(FacilityRow, payload.facility)
    return ANYWHERE if row is None else f"enterprise:{row.enterprise}"


def _own(_work: Work, payload: TransferCertificates | RetireCertificates) -> str:
    return f"enterprise:{payload.enterprise}"


_CITY = frozenset({Role.CITY_REGULATOR})
_OFFICERS = frozenset({Role.DISTRICT_REGULATOR, Role.CITY_REGULATOR})
_COMPLIANCE = frozenset({Role.ENTERPRISE_COMPLIANCE})
_ADMIN = frozenset({Role.ENTERPRISE_ADMIN})

COORDINATION = Subject(
    "coordination",
    (
        Handler(RecordMarks, record_marks, makers=_CITY),
        Handler(RecordOutside, record_outside, makers=_CITY),
        Handler(WithdrawOutside, withdraw_outside, makers=_CITY),
        Handler(DisposeDuplicate, dispose_duplicate, makers=_OFFICERS, scope=scope_of_match),
        Handler(RecordMembership, record_membership, makers=_CITY),
        Handler(
            RegisterReduction,
            register_reduction,
            makers=_COMPLIANCE,
            checkers=_ADMIN,
            scope=_of_facility,
        ),
        Handler(
            RecordOffset, record_offset, makers=_OFFICERS, checkers=_CITY, scope=scope_of_offset
        ),
        Handler(RecordCertificates, record_certificates, makers=_CITY),
        Handler(
            TransferCertificates,
            transfer_certificates,
            makers=_COMPLIANCE,
            checkers=_ADMIN,
            scope=_own,
        ),
        Handler(
            RetireCertificates,
            retire_certificates,
            makers=_COMPLIANCE,
            checkers=_ADMIN,
            scope=_own,
        ),
        *BULK_HANDLERS,
    ),
    load=_lock,
)
