"""A value that no source confirms is used only where two persons have said so, for its days."""

from datetime import date

import msgspec
import pytest
import sqlalchemy as sa

from ledger.adopt import AdoptPack, Policy
from ledger.approve import approving, proposing
from ledger.days import start_of
from ledger.db import reading
from ledger.pack_schema import parse_pack
from ledger.waive import WaiveParameters, WaiverLine
from ledger.waiver import Use, Waiver, uncovered
from tests.build import SECOND_REGULATOR, open_ledger

FIRST, LAST = date(2026, 1, 1), date(2027, 6, 30)


def value(key, worth, status="unconfirmed", first="2021-01-01", **more):
    fields = {"key": key, "value": worth, "unit": "share", "status": status, "valid_from": first}
    return fields | {"document": "某办法"} | more


def document(*values, pack_id="sample", **header):
    names = {"id": pack_id, "name": "示例省", "name_en": "Sample", "parameter": list(values)}
    return names | header


RATE, OLD = value("allocation.paid_share", "1/10"), value("freed.cap", "1", "analogue")
PARAMETER = parse_pack(document(RATE)).parameters[0]
USE = Use("sample", PARAMETER, FIRST, LAST)


def waiver(**changes):
    fields = {
        "pack": "sample",
        "key": "allocation.paid_share",
        "valid_from": date(2021, 1, 1),
        "value": '"1/10"',
        "first_day": FIRST,
        "last_day": LAST,
    }
    return Waiver(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "is_covered"),
    [
        pytest.param({}, True, id="the-very-days"),
        pytest.param({"first_day": date(2025, 12, 31)}, True, id="a-day-more"),
        pytest.param({"first_day": date(2026, 1, 2)}, False, id="a-day-late"),
        pytest.param({"last_day": date(2027, 6, 29)}, False, id="expired-a-day-before"),
        pytest.param({"pack": "city"}, False, id="another-pack"),
        pytest.param({"key": "allocation.reserve_share"}, False, id="another-key"),
        pytest.param({"value": '"2/10"'}, False, id="another-value"),
        pytest.param({"valid_from": date(2022, 1, 1)}, False, id="another-beginning"),
    ],
)
def test_a_waiver_covers_its_value_on_its_days_and_nothing_else(changes, is_covered):
    assert (uncovered([USE], [waiver(**changes)]) == []) == is_covered


def test_two_waivers_that_meet_do_not_make_one():
    halves = [waiver(last_day=date(2026, 12, 31)), waiver(first_day=date(2027, 1, 1))]

    assert uncovered([USE], halves) == [USE]


def test_the_uses_of_a_year_are_the_values_that_win_day_by_day():
    book = Policy()
    local = value("allocation.paid_share", "2/10", first="2026-07-01", valid_to="2026-12-31")
    book.packs["national"] = parse_pack(document(RATE, pack_id="national"))
    book.packs["city"] = parse_pack(document(local, OLD, pack_id="city", parent="national"))

    uses = book.uses("city", ("allocation.",), FIRST, LAST)

    assert [(use.pack, use.first_day, use.last_day) for use in uses] == [
        ("national", FIRST, date(2026, 6, 30)),
        ("city", date(2026, 7, 1), date(2026, 12, 31)),
        ("national", date(2027, 1, 1), LAST),
    ]
    assert [use.name for use in book.uses("city", ("freed.",), FIRST, FIRST)] == ["city:freed.cap"]
    assert book.uses("city", ("shortfall.",), FIRST, LAST) == []


LINE = WaiverLine("sample", "allocation.paid_share", "2026-01-01", "2027-06-30", "市政府会议纪要")


def line(**changes):
    return msgspec.structs.replace(LINE, **changes)


def test_waivers_are_recorded_by_two_persons_or_refused_whole(engine, clock):
    clock.now = start_of(date(2026, 6, 30))
    bench = open_ledger(engine, clock)
    decided = value("banking.share", "1/2", status="decided_here")
    content = msgspec.json.encode(document(RATE, OLD, decided)).decode()
    bench.both(AdoptPack(content=content)).require()
    assert not bench.do(WaiveParameters(rows=(LINE,))).ok
    for rows, code in (
        ((line(pack="nowhere"),), "pack_unknown"),
        ((line(last_day="2025-12-31"),), "waiver_days_unfit"),
        ((line(first_day="soon"),), "waiver_days_unfit"),
        ((line(reason=" "),), "waiver_reason_missing"),
        ((line(key="banking.share"),), "waiver_needless"),
        ((line(key="allocation.reserve_share"),), "waiver_needless"),
        ((line(last_day="2020-12-31", first_day="2020-12-31"),), "waiver_needless"),
        ((LINE, LINE), "rows_refused"),
        ((LINE, line(key="banking.share")), "rows_refused"),
        ((), "rows_empty"),
    ):
        _refuse(bench, rows, code)
    answer = bench.both(WaiveParameters(rows=(LINE, line(key="freed.cap")))).require()
    assert answer.result["waived"] == ["sample:allocation.paid_share", "sample:freed.cap"]
    with reading(bench.engine) as connection:
        kept = connection.execute(sa.text("SELECT * FROM waivers ORDER BY key")).mappings().all()
    assert [(row["key"], row["value"], row["reason"]) for row in kept] == [
        ("allocation.paid_share", '"1/10"', "市政府会议纪要"),
        ("freed.cap", '"1"', "市政府会议纪要"),
    ]
    _refuse(bench, (line(first_day="2026-02-01"),), "waiver_needless")
    in_memory = bench.writer.memory.cache(Policy).waivers
    bench.restart()
    assert bench.writer.memory.cache(Policy).waivers == in_memory


def _refuse(bench, rows, code):
    payload = WaiveParameters(rows=rows)
    proposal = bench.do(proposing(payload)).require().sequence
    before, held = bench.digest(), set(bench.writer.memory.cache(Policy).waivers)
    answer = bench.do(approving(proposal, payload), actor=SECOND_REGULATOR)
    assert answer.code == code
    assert bench.digest() == before
    assert bench.writer.memory.cache(Policy).waivers == held
