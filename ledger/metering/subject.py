"""Metering as the writer knows it: its commands and its cache of meters."""

from ledger.metering.enroll import METER_HANDLERS, load_meters
from ledger.metering.factors import FACTOR_HANDLERS
from ledger.metering.read import READING_HANDLERS
from ledger.metering.report import REPORT_HANDLERS
from ledger.metering.verify import VERIFY_HANDLERS
from ledger.subject import Subject

METERING = Subject(
    "metering",
    (
        *FACTOR_HANDLERS,
        *METER_HANDLERS,
        *READING_HANDLERS,
        *REPORT_HANDLERS,
        *VERIFY_HANDLERS,
    ),
    load=load_meters,
)
