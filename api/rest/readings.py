"""
Readings of meters: recorded one file at a time or in bulk, corrected by four eyes.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import validate

from api.door import seen
from api.read.metering import readings
from api.rest.bulk import Many, submit_all
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, roomy, submit
from api.rest.shapes import ROWS_MAX, Strict, body_of, enlarged, item_of
from ledger.metering.read import CorrectReading, RecordReadings
from ledger.metering.tables import ReadingRow

COMMANDS_MAX = 500

metered = Resource("readings", __name__, "Readings: the index of a meter at the end of a month")

Reading = enlarged(
    item_of(ReadingRow), "MeterReading", enterprise=Words(), carrier=Words(), unit=Words()
)


class ManyReadings(Strict):
    """Up to 8,000 lines in all, in up to 500 parts; a part is recorded whole or not at all."""

    items = ma.fields.List(
        ma.fields.Nested(body_of(RecordReadings, ())),
        required=True,
        validate=validate.Length(1, COMMANDS_MAX),
    )

    @ma.validates_schema
    def _bound(self, data: Mapping[str, Any], **_: Any) -> None:
        if sum(len(part["rows"]) for part in data["items"]) > ROWS_MAX:
            raise ma.ValidationError(f"at most {ROWS_MAX} lines in one request", "items")


@metered.post("/readings")
@metered.takes(RecordReadings)
def record(document: Mapping[str, Any]) -> Any:
    """Record readings, all or none."""
    return submit(RecordReadings, document)


@metered.post("/readings/bulk")
@roomy
@metered.tells(Many, body=ManyReadings, is_keyed=True)
def record_many(document: Mapping[str, Any]) -> Any:
    """
    Record up to 8,000 lines in one request of at most 8 MiB.

    Each part is a command "<key>.<index>" of its own: taken whole or refused whole, and answered
    for itself, whatever becomes of the others. A request that is malformed sends none.
    """
    return submit_all(RecordReadings, document["items"])


@metered.post("/readings/corrections")
@metered.takes(CorrectReading)
def correct(document: Mapping[str, Any]) -> Any:
    """Propose another reading in place of a recorded one, with the reason."""
    return submit(CorrectReading, document)


@metered.get("/readings")
@metered.lists(Reading, enterprise=Words, meter=Words, month=Words, carrier=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List readings by meter and month."""
    return page(readings(seen(), asked), asked, [ReadingRow.meter, ReadingRow.month])


@metered.get("/readings/<meter>/<month>")
@metered.shows(Reading)
def show(meter: str, month: str) -> Any:
    """Show one reading."""
    return one(readings(seen(), {"meter": meter, "month": month}))
