"""Compliance as the writer knows it: its commands, its book of years, and the passing deadline."""

from typing import Any

from ledger.compliance.assess import ComputeObligations, compute_obligations
from ledger.compliance.close import CloseEnterprise, close_enterprise
from ledger.compliance.close_year import CloseYear, close_year
from ledger.compliance.deduct import ApplyDeductions, apply_deductions
from ledger.compliance.keep import load_book
from ledger.compliance.lapse import ExpireVintages, expire_vintages
from ledger.compliance.open_year import (
    DUE_DEADLINE,
    OpenYear,
    RecordPrice,
    open_year,
    pass_deadline,
    record_price,
)
from ledger.compliance.surrender import Surrender, surrender
from ledger.subject import Handler, Role, Subject
from ledger.work import Work

_CITY = frozenset({Role.CITY_REGULATOR})


def _enterprise(_work: Work, payload: Any) -> str:
    return f"enterprise:{payload.enterprise}"


COMPLIANCE = Subject(
    "compliance",
    (
        Handler(OpenYear, open_year, makers=_CITY, checkers=_CITY),
        Handler(RecordPrice, record_price, makers=_CITY, checkers=_CITY),
        Handler(ComputeObligations, compute_obligations, makers=_CITY),
        Handler(
            Surrender,
            surrender,
            makers=frozenset({Role.ENTERPRISE_COMPLIANCE}),
            checkers=frozenset({Role.ENTERPRISE_ADMIN}),
            scope=_enterprise,
        ),
        Handler(CloseEnterprise, close_enterprise, makers=_CITY, cold=False),
        Handler(ExpireVintages, expire_vintages, makers=_CITY, cold=False),
        Handler(ApplyDeductions, apply_deductions, makers=_CITY),
        Handler(CloseYear, close_year, makers=_CITY, checkers=_CITY),
    ),
    load=load_book,
    due={DUE_DEADLINE: pass_deadline},
)
