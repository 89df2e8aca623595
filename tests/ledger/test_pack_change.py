"""A later version of a pack leaves every day that is gone as it was, and says what it changes."""

from datetime import date, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from ledger.adopt import AdoptPack, Policy
from ledger.approve import approving, proposing
from ledger.days import start_of
from ledger.db import reading
from ledger.errors import Refused
from ledger.pack_change import carried_on, changes, require_later
from ledger.pack_check import PackRangeReversed, require_ranges, require_sound
from ledger.pack_schema import parse_pack
from ledger.policy import in_force, to_plain
from tests.build import SECOND_REGULATOR, open_ledger

TODAY = date(2026, 6, 30)
TOMORROW = date(2026, 7, 1)


def value(key="allocation.reserve_share", worth="3/100", first=date(2021, 1, 1), last=None, **more):
    fields = {"key": key, "value": worth, "unit": "share", "status": "decided_here"}
    fields |= {"valid_from": first.isoformat()}
    return fields | ({} if last is None else {"valid_to": last.isoformat()}) | more


def document(*values, pack_id="sample", **header):
    names = {"id": pack_id, "name": "示例省", "name_en": "Sample", "parameter": list(values)}
    return names | header


def pack(*values, **header):
    return parse_pack(document(*values, **header))


OLD = (value(),)


@pytest.mark.parametrize(
    ("later", "refused_from"),
    [
        pytest.param(
            (value(last=TODAY), value(worth="5/100", first=TOMORROW)), None, id="day-after"
        ),
        pytest.param(
            (value(last=date(2026, 6, 29)), value(worth="5/100", first=TODAY)),
            TODAY,
            id="day-of-publication",
        ),
        pytest.param((value(worth="5/100"),), date(2021, 1, 1), id="all-of-the-past"),
        pytest.param((value(last=TODAY),), None, id="ends-today"),
        pytest.param((value(last=date(2026, 6, 29)),), TODAY, id="ended-yesterday"),
        pytest.param((), date(2021, 1, 1), id="taken-away"),
        pytest.param((*OLD, value("banking.x", first=TODAY)), TODAY, id="new-key-today"),
        pytest.param((*OLD, value("banking.x", first=TOMORROW)), None, id="new-key-tomorrow"),
        pytest.param((value(note="Seen."),), None, id="a-better-source-for-the-same-value"),
        pytest.param((value(worth="6/200"),), date(2021, 1, 1), id="the-same-share-otherwise-put"),
    ],
)
def test_a_later_version_changes_nothing_before_the_day_after_it(later, refused_from):
    before, after = pack(*OLD), pack(*later)

    if refused_from is None:
        require_later(after, [before], [after], earliest=TOMORROW)
        return
    with pytest.raises(Refused) as refusal:
        require_later(after, [before], [after], earliest=TOMORROW)
    assert refusal.value.code == "parameter_effective_in_the_past"
    assert refusal.value.facts["valid_from"] == refused_from.isoformat()
    assert refusal.value.facts["earliest"] == "2026-07-01"


def test_a_change_of_parent_counts_by_what_it_brings():
    nation = pack(value(worth="1/100"), pack_id="national")
    silent = pack(pack_id="province", parent="national")
    loud = pack(value(worth="2/100"), pack_id="province", parent="national")
    below_nation = [pack(parent="national"), nation]

    assert changes(below_nation, [pack(parent="province"), silent, nation]) == []
    (told,) = changes(below_nation, [pack(parent="province"), loud, nation])
    assert (told.key, told.first_day) == ("allocation.reserve_share", date(2021, 1, 1))
    assert (told.before.value, told.after.value) == ("1/100", "2/100")


def test_a_value_may_run_to_the_last_day_there_is():
    for_ever = value(last=date.max)

    assert changes([pack(*OLD)], [pack(for_ever)]) == []
    carried = carried_on(pack(for_ever), pack(for_ever), first_day=TOMORROW)
    assert carried == pack(for_ever)


@pytest.mark.parametrize(
    ("days", "unit", "allowed"),
    [
        (0, "day", True),
        (366, "day", True),
        (367, "day", False),
        (10**15, "day", False),
        (1, "month", False),
        ("1", "share", False),
    ],
)
def test_a_notice_is_one_that_can_be_kept(days, unit, allowed):
    noticed = pack(value("packs.notice_days", days, unit=unit))

    if allowed:
        require_sound(noticed)
        return
    with pytest.raises(Refused) as refusal:
        require_sound(noticed)
    assert refusal.value.code == "pack_field_malformed"


def test_what_changes_is_told_once_for_each_stretch_of_days():
    before = pack(value(last=date(2025, 12, 31)), value(worth="4/100", first=date(2026, 1, 1)))
    after = pack(value(last=TODAY), value(worth="5/100", first=TOMORROW))

    told = changes([before], [after])

    assert [(each.first_day, each.before.value, each.after.value) for each in told] == [
        (date(2026, 1, 1), "4/100", "3/100"),
        (TOMORROW, "4/100", "5/100"),
    ]


@pytest.mark.parametrize(
    ("on", "expected"), [(date(2021, 1, 1), "3/100"), (TODAY, "3/100"), (TOMORROW, "5/100")]
)
def test_a_pack_carried_on_keeps_its_past_and_begins_on_its_day(on, expected):
    before, after = pack(*OLD), pack(value(worth="5/100", first=date(2021, 1, 1)))

    carried = carried_on(before, after, first_day=TOMORROW)

    assert in_force({"sample": carried}, "sample", "allocation.reserve_share", on).value == expected
    require_later(carried, [before], [carried], earliest=TOMORROW)
    assert parse_pack(to_plain(carried)) == carried


def test_a_value_that_does_not_change_is_carried_on_in_one_piece():
    carried = carried_on(pack(*OLD), pack(*OLD), first_day=TOMORROW)

    assert carried == pack(*OLD)


def test_a_pack_without_a_past_begins_on_its_day():
    carried = carried_on(None, pack(*OLD), first_day=TOMORROW)

    assert [each.valid_from for each in carried.parameters] == [TOMORROW]


@pytest.mark.parametrize(
    ("lowest", "highest", "last", "allowed"),
    [
        ("3/10", "1", None, True),
        ("1", "1", None, True),
        ("1.01", "1", None, False),
        ("1.01", "1", date(2025, 12, 31), True),
        ("1.01", "1", date(2026, 1, 1), False),
    ],
)
def test_the_ends_of_a_range_never_cross_on_a_day_they_share(lowest, highest, last, allowed):
    lower = value("purchase.b_min", lowest, last=last)
    upper = value("purchase.b_max", highest, first=date(2026, 1, 1))

    if allowed:
        require_ranges(pack(lower, upper))
        return
    with pytest.raises(PackRangeReversed) as refusal:
        require_ranges(pack(lower, upper))
    assert refusal.value.facts["on"] == "2026-01-01"


def adoption(document_):
    return AdoptPack(content=msgspec.json.encode(document_).decode())


def refused(bench, document_):
    payload = adoption(document_)
    proposal = bench.do(proposing(payload)).require().sequence
    before = bench.digest()
    answer = bench.do(approving(proposal, payload), actor=SECOND_REGULATOR)
    assert not answer.ok
    assert bench.digest() == before
    return answer


def test_publication_and_what_follows_from_it(engine, clock):
    """One ledger: adopt, change too early, change in time, give longer notice, restart."""
    clock.now = start_of(TODAY)
    bench = open_ledger(engine, clock)
    bench.both(adoption(document(*OLD))).require()
    policy = bench.writer.memory.cache(Policy)

    early = (value(last=date(2026, 6, 29)), value(worth="5/100", first=TODAY))
    answer = refused(bench, document(*early))
    assert answer.code == "parameter_effective_in_the_past"
    assert policy.find("sample", "allocation.reserve_share", TODAY).value == "3/100"

    notice = value("packs.notice_days", 30, TOMORROW, unit="day")
    later = (value(last=TODAY), value(worth="5/100", first=TOMORROW), notice)
    bench.both(adoption(document(*later))).require()
    with reading(bench.engine) as connection:
        told = connection.execute(sa.text("SELECT body FROM outbox WHERE topic = 'policy'"))
        newest = msgspec.json.decode(told.scalars().all()[-1])
    assert newest["changes"] == [
        {"key": "allocation.reserve_share", "from": "2026-07-01"},
        {"key": "packs.notice_days", "from": "2026-07-01"},
    ]

    clock.now = start_of(TOMORROW)
    for days, code in ((29, "parameter_effective_in_the_past"), (30, "ok")):
        first = TOMORROW + timedelta(days=days)
        ending = first - timedelta(days=1)
        stretch = value(worth="5/100", first=TOMORROW, last=ending)
        newer = (value(last=TODAY), stretch, value(worth="6/100", first=first), notice)
        if code != "ok":
            assert refused(bench, document(*newer)).facts["earliest"] == "2026-07-31"
            continue
        assert bench.both(adoption(document(*newer))).ok

    digest = bench.digest()
    bench.restart()
    found = bench.writer.memory.cache(Policy)
    assert found.find("sample", "allocation.reserve_share", TODAY).value == "3/100"
    assert found.find("sample", "allocation.reserve_share", date(2026, 7, 31)).value == "6/100"
    assert bench.digest() == digest


def test_a_pack_whose_range_is_upside_down_is_not_adopted(sqlite_engine, clock):
    bench = open_ledger(sqlite_engine, clock)
    crossed = document(value("purchase.b_min", "2"), value("purchase.b_max", "1"))

    assert refused(bench, crossed).code == "pack_range_reversed"
