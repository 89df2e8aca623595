"""Which value holds where and when, and which packs are refused."""

import datetime
import re
from datetime import date
from fractions import Fraction

import msgspec
import pytest

from ledger.pack_schema import (
    PackFieldMalformed,
    PackOverlap,
    PackSourceMissing,
    PackStatusMisplaced,
    PackUnknownKey,
    PackValueMalformed,
)
from ledger.policy import (
    PackParentCycle,
    PackParentUnknown,
    PackUnknown,
    ParameterMissing,
    ParameterWrongType,
    Status,
    as_date,
    as_fraction,
    as_int,
    as_share,
    as_switch,
    as_text,
    as_texts,
    candidates,
    chain,
    from_plain,
    in_force,
    label_zh,
    parse_pack,
    to_plain,
)


def parameter(key="market.lot_tce", value=1, unit="tce", **fields):
    honest = {"valid_from": date(2026, 1, 1), "status": "decided_here"}
    return {"key": key, "value": value, "unit": unit} | honest | fields


def document(*parameters, pack_id="city", **fields):
    header = {"id": pack_id, "name": "某市", "name_en": "A city", "parameter": list(parameters)}
    return header | fields


def packs(*documents):
    return {each["id"]: parse_pack(each) for each in documents}


def found(value, unit):
    one = packs(document(parameter("a.key", value, unit)))
    return in_force(one, "city", "a.key", date(2026, 6, 1))


def test_the_most_local_value_wins_and_the_overruled_one_stays_visible():
    national = document(parameter(value=10), pack_id="national")
    city = document(parameter(value=1), parent="national")
    both = packs(city, national)

    result = in_force(both, "city", "market.lot_tce", date(2026, 6, 1))

    assert (result.value, result.pack_id, result.status) == (1, "city", Status.DECIDED_HERE)
    assert result.version == both["city"].version
    assert [(each.pack_id, each.parameter.value) for each in result.candidates] == [
        ("city", 1),
        ("national", 10),
    ]
    assert result.candidates[1].version == both["national"].version


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2025, 12, 31), 10),
        (date(2026, 1, 1), 1),
        (date(2026, 12, 31), 1),
        (date(2027, 1, 1), 10),
    ],
)
def test_a_local_value_holds_from_its_first_day_to_its_last(on, expected):
    national = document(parameter(value=10, valid_from=date(2021, 1, 1)), pack_id="national")
    city = document(parameter(value=1, valid_to=date(2026, 12, 31)), parent="national")

    result = in_force(packs(city, national), "city", "market.lot_tce", on)

    assert result.value == expected


def test_a_parameter_that_no_pack_gives_is_refused():
    one = packs(document(parameter()))

    with pytest.raises(ParameterMissing) as refusal:
        in_force(one, "city", "surrender.deadline", date(2026, 6, 1))

    assert refusal.value.code == "parameter_missing"
    assert refusal.value.facts == {"key": "surrender.deadline", "pack": "city", "on": "2026-06-01"}


def test_absence_can_be_asked_for_without_a_refusal():
    assert candidates(packs(document()), "city", "surrender.deadline", date(2026, 6, 1)) == ()


def test_the_chain_runs_from_the_most_local_pack_to_the_one_without_parent():
    three = packs(
        document(pack_id="national"),
        document(pack_id="province", parent="national"),
        document(parent="province"),
    )

    assert [pack.id for pack in chain(three, "city")] == ["city", "province", "national"]


def test_a_pack_that_is_not_loaded_is_refused():
    with pytest.raises(PackUnknown) as refusal:
        chain({}, "city")

    assert refusal.value.facts == {"pack": "city"}


def test_a_parent_that_is_not_loaded_is_refused():
    with pytest.raises(PackParentUnknown) as refusal:
        chain(packs(document(parent="province")), "city")

    assert refusal.value.facts == {"pack": "city", "parent": "province"}


def test_packs_that_build_on_each_other_are_refused():
    two = packs(document(parent="province"), document(pack_id="province", parent="city"))

    with pytest.raises(PackParentCycle) as refusal:
        chain(two, "city")

    assert refusal.value.facts == {"pack": "city"}


@pytest.mark.parametrize(
    ("read", "value", "unit", "expected"),
    [
        (as_int, 1000, "basis_points", 1000),
        (as_fraction, "60/100", "share", Fraction(3, 5)),
        (as_fraction, "14.8", "percent", Fraction(74, 5)),
        (as_fraction, "-0.26318181818182", "share", Fraction("-0.26318181818182")),
        (as_share, "14.8", "percent", Fraction(37, 250)),
        (as_share, 1000, "basis_points", Fraction(1, 10)),
        (as_share, "3/100", "share", Fraction(3, 100)),
        (as_switch, False, "switch", False),
        (as_text, "half_up", "choice", "half_up"),
        (as_text, "某条", "text", "某条"),
        (as_texts, ["coal", "energy"], "choices", ("coal", "energy")),
        (as_texts, ["09:30-11:30 trading"], "sessions", ("09:30-11:30 trading",)),
        (as_date, date(2026, 6, 30), "date", date(2026, 6, 30)),
        (as_date, "2026-06-30", "date", date(2026, 6, 30)),
    ],
)
def test_a_reader_returns_the_value_exactly(read, value, unit, expected):
    result = read(found(value, unit))

    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("read", "value", "unit"),
    [
        (as_int, True, "switch"),
        (as_int, "1.5", "ratio"),
        (as_fraction, True, "switch"),
        (as_fraction, "2026-06-30", "date"),
        (as_share, "1.5", "ratio"),
        (as_switch, 1, "count"),
        (as_text, "2026-06-30", "date"),
        (as_text, "1.5", "ratio"),
        (as_texts, "coal", "choice"),
        (as_date, "half_up", "choice"),
    ],
)
def test_a_reader_refuses_a_value_of_another_type(read, value, unit):
    with pytest.raises(ParameterWrongType) as refusal:
        read(found(value, unit))

    assert refusal.value.facts["unit"] == unit


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (0.6, "share"),
        ("0,6", "share"),
        ("60/0", "share"),
        ("1e3", "ratio"),
        ("06", "ratio"),
        ("６", "ratio"),
        (True, "count"),
        (-1, "tce"),
        ("1", "tce"),
        (10**15 + 1, "tce"),
        (1, "switch"),
        ("Half up", "choice"),
        ("", "text"),
        ("coal", "choices"),
        ([], "choices"),
        (["coal", "coal"], "choices"),
        (["coal", 1], "choices"),
        (["9:30-11:30 trading"], "sessions"),
        (["09:30-24:30 trading"], "sessions"),
        ("2026-02-30", "date"),
        ("2026-W26-2", "date"),
        (datetime.datetime(2026, 6, 30, tzinfo=datetime.UTC), "date"),
        (1, "furlong"),
        (None, "tce"),
    ],
)
def test_a_value_that_does_not_fit_its_unit_is_refused(value, unit):
    with pytest.raises(PackValueMalformed) as refusal:
        parse_pack(document(parameter("a.key", value, unit)))

    assert refusal.value.code == "pack_value_malformed"
    assert (refusal.value.facts["key"], refusal.value.facts["unit"]) == ("a.key", unit)


@pytest.mark.parametrize(
    ("broken", "key", "field"),
    [
        (document(parameter(colour="red")), "market.lot_tce", "colour"),
        (document(colour="red"), "the header", "colour"),
    ],
)
def test_an_unknown_field_is_refused(broken, key, field):
    with pytest.raises(PackUnknownKey) as refusal:
        parse_pack(broken)

    assert refusal.value.facts == {"pack": "city", "key": key, "field": field}


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"name": "某市"}, "id"),
        (document(name=""), "name"),
        (document(name_en=1), "name_en"),
        (document(parent="Shandong"), "parent"),
        (document(area="3702"), "area"),
        (document(draft="yes"), "draft"),
        (document() | {"parameter": {}}, "parameter"),
        (document("market.lot_tce"), "parameter"),
        (document(parameter(key="Market.lot")), "key"),
        (document(parameter(valid_from="soon")), "valid_from"),
        (document(parameter(valid_to=date(2025, 12, 31))), "valid_to"),
        (document(parameter(status="law")), "status"),
        (document(parameter(unit=None)), "unit"),
        (document(parameter(note=7)), "note"),
    ],
)
def test_a_missing_or_malformed_field_is_refused(broken, field):
    with pytest.raises(PackFieldMalformed) as refusal:
        parse_pack(broken)

    assert refusal.value.code == "pack_field_malformed"
    assert refusal.value.facts["field"] == field


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({"status": "analogue"}, "document"),
        ({"status": "unconfirmed"}, "document"),
        ({"status": "confirmed"}, "document"),
        ({"status": "confirmed", "document": "方案"}, "section"),
        ({"status": "confirmed", "document": "方案", "section": "一"}, "quote"),
        ({"status": "decided_here", "source_file": "jinan.txt"}, "quote"),
    ],
)
def test_a_value_without_the_source_it_claims_is_refused(fields, lacking):
    with pytest.raises(PackSourceMissing) as refusal:
        parse_pack(document(parameter(**fields)))

    assert refusal.value.code == "pack_source_missing"
    assert refusal.value.facts["field"] == lacking


@pytest.mark.parametrize(
    ("status", "header", "allowed"),
    [
        ("sample", {}, False),
        ("sample", {"sample": True}, True),
        ("confirmed", {}, True),
        ("confirmed", {"draft": True}, False),
        ("confirmed", {"sample": True}, False),
        ("unconfirmed", {"draft": True}, True),
    ],
)
def test_drafts_confirm_nothing_and_samples_stay_in_sample_packs(status, header, allowed):
    sourced = parameter(status=status, document="方案", section="一", quote="1吨")

    if allowed:
        assert parse_pack(document(sourced, **header)).parameters[0].status == status
        return
    with pytest.raises(PackStatusMisplaced) as refusal:
        parse_pack(document(sourced, **header))
    assert refusal.value.facts == {"pack": "city", "key": "market.lot_tce", "status": status}


@pytest.mark.parametrize(
    ("last_day", "allowed"),
    [(date(2026, 6, 29), True), (date(2026, 6, 30), False), (None, False)],
)
def test_two_values_of_one_key_never_share_a_day(last_day, allowed):
    until = {} if last_day is None else {"valid_to": last_day}
    two = document(parameter(value=2, valid_from=date(2026, 6, 30)), parameter(**until))

    if allowed:
        assert [each.value for each in parse_pack(two).parameters] == [1, 2]
        return
    with pytest.raises(PackOverlap) as refusal:
        parse_pack(two)
    assert refusal.value.facts == {
        "pack": "city",
        "key": "market.lot_tce",
        "earlier_from": "2026-01-01",
        "later_from": "2026-06-30",
    }


def test_a_pack_survives_the_journey_through_json():
    full = parameter(
        "surrender.deadline",
        date(2026, 6, 30),
        "date",
        valid_to=date(2026, 12, 31),
        status="unconfirmed",
        document="方案",
        section="一",
        quote="6月30日",
        source_file="plan.txt",
        note="A note.",
    )
    listed = parameter("market.modes", ["listed_deal", "tender"], "choices")
    pack = parse_pack(document(full, listed, parent="national", area="370200", note="A pack."))

    journey = from_plain(msgspec.json.decode(msgspec.json.encode(to_plain(pack))))

    assert journey == pack


def test_the_version_is_a_sha_256_that_ignores_the_order_of_a_file():
    lot, tick = parameter(), parameter("market.tick_fen", 1, "fen_per_tce")

    one_way, other_way = parse_pack(document(lot, tick)), parse_pack(document(tick, lot))

    assert re.fullmatch("[0-9a-f]{64}", one_way.version)
    assert one_way.version == other_way.version


def test_the_version_is_the_digest_of_sorted_compact_json():
    """Worked with `sha256sum` on the text {"draft":false,"id":…} written by hand."""
    pack = parse_pack(document(parameter(), name="City"))

    assert pack.version == "ef1994d0bd1542925d4b0be0a4ae6b806575accdbfec79ddd0409d9d4b3563be"


@pytest.mark.parametrize(
    "changed",
    [
        document(parameter(value=2)),
        document(parameter(valid_to=date(2030, 1, 1))),
        document(parameter(note="Changed.")),
        document(parameter(), note="Changed."),
        document(parameter(), draft=True),
    ],
)
def test_any_change_of_content_changes_the_version(changed):
    assert parse_pack(changed).version != parse_pack(document(parameter())).version


def test_only_a_confirmed_value_may_be_shown_as_law():
    assert [status for status in Status if status.is_law] == [Status.CONFIRMED]


def test_a_sample_is_labelled_as_one():
    assert label_zh(Status.SAMPLE) == "示例"


def test_every_status_has_a_label_of_its_own():
    assert len({label_zh(status) for status in Status}) == 5
