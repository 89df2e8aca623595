"""
Trials: what a plan would give with other coefficients; nothing is written and nobody waits for it.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import msgspec
from flask import Response

from api.door import NotFound, seen
from api.read.trials import outcome_of
from api.rest.fields import Amount, Count, Words
from api.rest.resource import Resource, snapshot
from api.rest.shapes import body_of_struct
from api.sheet_files import CSV, TRIAL_COLUMNS, XLSX, trial_csv, write_trial
from api.table_check import workbook_of
from ledger.allocation.what_if import Outcome, Trial, TrialMalformed

tried = Resource("trials", __name__, "Trials: plans with other coefficients; nothing is written")

_TEXTS = ("enterprise", "product", "sector", "method")
_COUNTED = ("rows", "winners", "losers", "unchanged")
TriedRow = ma.Schema.from_dict(
    {
        name: Words() if name in _TEXTS else Amount(allow_none=name == "before")
        for name in TRIAL_COLUMNS
    },
    name="TriedRow",
)
_SUMS = ("before", "requested", "granted", "pre_issued", "difference", "headroom")
_TOTALS: dict[str, ma.fields.Field[Any]] = {
    **{name: Count() for name in _COUNTED},
    **{name: Amount() for name in _SUMS},
}
Totals = ma.Schema.from_dict(_TOTALS, name="TrialTotals")
Tried = ma.Schema.from_dict(
    {
        "totals": ma.fields.Nested(Totals),
        "items": ma.fields.List(ma.fields.Nested(TriedRow)),
        "plan_hash": Words(metadata={"description": "what planning these rows would answer"}),
    },
    name="Tried",
)
FormQuery = ma.Schema.from_dict(
    {
        "form": Words(load_default="json", validate=ma.validate.OneOf(("json", "csv", "xlsx"))),
        "lang": Words(load_default="zh", validate=ma.validate.OneOf(("zh", "en"))),
    },
    name="TrialQuery",
)


@tried.post("/allocations/trials")
@tried.tells(Tried, body=body_of_struct("Trial", Trial), query=FormQuery)
def try_plan(asked: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """Say what every enterprise of a district would get with other coefficients; write nothing."""
    try:
        trial = msgspec.convert(dict(document), Trial)
    except msgspec.ValidationError as error:
        raise TrialMalformed("trial", text=str(error), accepted="a trial") from None
    if not seen().sees(district=trial.district):
        raise NotFound
    with snapshot() as connection:
        outcome = outcome_of(connection, trial)
    if asked["form"] == "csv":
        return Response(trial_csv(outcome), mimetype=CSV)
    if asked["form"] == "xlsx":
        raw = workbook_of(lambda path: write_trial(path, outcome, language=asked["lang"]))
        return Response(raw, mimetype=XLSX)
    return _told(outcome)


def _told(outcome: Outcome) -> Mapping[str, Any]:
    rows = [{name: getattr(row, name) for name in TRIAL_COLUMNS} for row in outcome.rows]
    return {"totals": outcome.totals(), "items": rows, "plan_hash": outcome.plan["plan_hash"]}
