"""
The life of one source of freed quota, and the reserve: what was collected, sold and bought back.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, reach_of
from api.faces import faces
from api.read import sources as lives
from api.read import substitution
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key
from api.web.authority_frame import Row, authority, listed
from api.web.authority_sheet import sheet_of
from api.web.shown import t
from ledger.substitution.collect import DecideBatch
from ledger.substitution.reserve_tables import ReserveBatchRow, ReserveSaleRow
from ledger.substitution.tables import FreedSourceRow

VIEW_SOURCES, VIEW_RESERVE = 122, 117

CAUSES = {
    "confirmation": ("确认", "confirmed"),
    "share": ("合同分享", "contract share"),
    "pool": ("归入统筹池", "given to the pool"),
    "split": ("分割", "split off"),
    "transfer": ("划转", "transferred"),
    "collection": ("收储", "collected"),
    "release": ("投放", "released"),
    "buy_back": ("回购", "bought back"),
}
ORIGINS = {
    "two_high": ("“两高”行业腾出", "freed in two-high trades"),
    "other": ("非“两高”行业腾出", "freed in other trades"),
    "renewable": ("可再生能源", "renewables"),
    "general": ("一般", "general"),
}
BATCH_STATES = {
    "planned": ("已制定方案，待评审", "planned, waits for its review"),
    "reviewed": ("已评审，待决定", "reviewed, waits for a decision"),
    "rejected": ("评审未通过", "rejected"),
    "decided": ("已决定，指标已收储", "decided and collected"),
}
BODIES = {
    "commission": ("省发展改革部门", "provincial commission (DRC)"),
    "government": ("省政府", "provincial government"),
}
LOT_KINDS = {
    "voluntary": ("自愿上交", "voluntary"),
    "rating": ("按评价等级收储", "by the district's rating"),
    "imported_power": ("外电入省", "imported power"),
    "nuclear_and_offshore_wind": ("核电和海上风电", "nuclear and offshore wind"),
    "solar_and_other_renewables": ("光伏等可再生能源", "solar and other renewables"),
    "coking": ("跨市焦化整合", "coking moved across cities"),
    "other_two_high": ("其他“两高”项目", "other two-high"),
}
SALES_MAX = 50

_WORDS: Mapping[str, Any] = {
    "causes": CAUSES,
    "origins": ORIGINS,
    "states": BATCH_STATES,
    "bodies": BODIES,
    "lot_kinds": LOT_KINDS,
}


@authority.get("/authority/sources/<source>")
def source(source: str) -> str:
    """Show the life of one source: whose it was, what left it, what became of each unit."""
    with faces().read() as connection:
        query = substitution.sources(reach_of(VIEW_SOURCES), {}).where(FreedSourceRow.id == source)
        row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        found = lives.with_life(connection, [dict(row)])[0]
    holders = [found, *found["hands"], *found["parts"]]
    words.know({str(one["holder"]) for one in holders if ":" not in str(one["holder"])})
    words.know([found["enterprise"]])
    return render_template(
        "authority/source.html",
        source=found,
        steps=sheet_of(found["sheet"], measure=found["measure"]),
        **_WORDS,
    )


@authority.get("/authority/reserve")
def reserve() -> str:
    """Show the batches of collection, what reserves sold, and what became of all freed quota."""
    return _reserve()


@authority.post("/authority/reserve/<batch>/decide")
def decide_batch(batch: str) -> str | Response | tuple[str, int]:
    """Propose to decide on a batch that was reviewed."""
    document = {
        "batch": batch,
        "body": request.form.get("body", ""),
        "document": request.form.get("document", "").strip(),
    }
    outcome = attempt(DecideBatch, document)
    if isinstance(outcome, Refusal):
        return _reserve(refusal=outcome), outcome.status
    number = outcome.answer.result.get("proposal", outcome.answer.sequence)
    sentence = t(
        f"已提交复核，编号 {number}；第二人批准后指标划入储备。",
        f"Proposed as number {number}; the lots move when a second person approves.",
    )
    flash(sentence, "done")
    return redirect(url_for("authority.reserve"), 303)


def _reserve(*, refusal: Refusal | None = None) -> str:
    reach = reach_of(VIEW_RESERVE)
    with faces().read() as connection:
        rows, cursor = listed(connection, lives.batches(reach, {}), [ReserveBatchRow.id])
        batches = lives.with_lots(connection, rows)
        sales = _sales(connection)
        positions = lives.positions_seen(connection, reach)
    words.know({row["enterprise"] for row in sales})
    return render_template(
        "authority/reserve.html",
        batches=batches,
        cursor=cursor,
        sales=sales,
        positions=positions,
        sheet_of=sheet_of,
        key=fresh_key(),
        refusal=refusal,
        form=request.form,
        **_WORDS,
    )


def _sales(connection: sa.Connection) -> list[Row]:
    query = lives.sales(reach_of(VIEW_SOURCES), {}).order_by(
        ReserveSaleRow.sequence.desc(), ReserveSaleRow.ordinal
    )
    return [dict(row) for row in connection.execute(query.limit(SALES_MAX)).mappings()]
