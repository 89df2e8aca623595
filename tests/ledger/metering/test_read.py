"""Registering meters and taking readings in, with each refusal leaving nothing behind."""

import msgspec
import pytest
import sqlalchemy as sa

from ledger.command import FieldUnknown, read_payload
from ledger.db import reading as reading_connection
from ledger.metering.enroll import CloseMeter, RegisterMeters
from ledger.metering.read import CorrectReading, RecordReadings
from tests.build import DISTRICT, REGULATOR
from tests.ledger.metering.build import (
    ADMIN,
    COMPLIANCE,
    OTHER_COMPLIANCE,
    coal_meter,
    draft,
    meter,
    metering_ledger,
    reading,
    record,
    refused_quietly,
    register,
    submitted,
    year_of,
)


@pytest.fixture
def bench(sqlite_engine, clock):
    """For what is decided in memory; what the database takes part in runs on `either` engine."""
    return metering_ledger(sqlite_engine, clock)


@pytest.fixture
def either(engine, clock):
    return metering_ledger(engine, clock)


@pytest.fixture
def metered(bench):
    """E1 with an electricity meter that stood at 1,000 kWh at the end of 2024."""
    register(bench, meter())
    return bench


@pytest.fixture
def metered_either(either):
    register(either, meter())
    return either


def recorded(bench, meter_id="M1"):
    """Return the readings of a meter as the database has them: (month, value)."""
    with reading_connection(bench.engine) as connection:
        rows = connection.execute(
            sa.text("SELECT month, value FROM readings WHERE meter = :m"), {"m": meter_id}
        )
        return sorted(tuple(row) for row in rows)


def refused(bench, payload, actor=COMPLIANCE):
    before = bench.digest()
    answer = bench.do(payload, actor=actor)
    assert not answer.ok
    assert bench.digest() == before
    return answer


def readings(*lines, enterprise="E1"):
    return RecordReadings(rows=lines, enterprise=enterprise)


def test_a_meter_begins_with_its_opening_reading(metered):
    assert recorded(metered) == [("2024-12", "1000")]


def test_readings_follow_month_by_month(metered_either):
    record(metered_either, reading("1500.5"), reading("2000", "2025-02")).require()

    assert recorded(metered_either) == [
        ("2024-12", "1000"),
        ("2025-01", "1500.5"),
        ("2025-02", "2000"),
    ]


def test_a_restarted_writer_knows_where_each_meter_stands(metered_either):
    record(metered_either, reading("1500"), reading("1600", "2025-02")).require()
    metered_either.restart()

    answer = record(metered_either, reading("1599", "2025-03"))

    assert answer.code == "meter_reset_unexplained"
    assert answer.facts["previous"] == "1600"


FAULTY_READINGS = [
    (reading("1", meter="M9"), "meter_unknown", {"meter": "M9"}),
    (reading("1100", "2025-1"), "month_malformed", {"month": "2025-1"}),
    (reading("1100", "2025-13"), "month_malformed", {"month": "2025-13"}),
    (reading("1100", "2026-01"), "month_not_over", {"accepted_from": "2026-01-31"}),
    (reading("1 100"), "amount_malformed", {"text": "1 100"}),
    (reading("1100.12345"), "amount_malformed", {"decimals": 4}),
    (reading("1000000000000.1"), "index_too_large", {"largest": 10**12}),
    (reading("1100", unit="MWh"), "unit_mismatch", {"given": "MWh", "expected": "kWh"}),
    (reading("-1"), "reading_negative", {"index": "-1"}),
    (reading("1000", "2024-12"), "reading_duplicate", {"recorded": "1000"}),
    (reading("900", "2024-11"), "reading_out_of_order", {"accepted": "2025-01"}),
    (reading("1100", "2025-02"), "reading_gap", {"missing": "2025-01"}),
    (reading("999.9"), "meter_reset_unexplained", {"previous": "1000", "index": "999.9"}),
    (reading("5", replaced_at_value="1000"), "changeover_incomplete", {"month": "2025-01"}),
    (
        reading("5", replaced_at_value="999", restarted_at_value="0", evidence="W1"),
        "changeover_inconsistent",
        {"final": "999"},
    ),
]


def test_each_faulty_reading_is_refused_with_its_own_code(metered_either):
    """A refusal leaves nothing behind, so one ledger serves the whole table."""
    for line, code, facts in FAULTY_READINGS:
        answer = refused(metered_either, readings(line))

        assert answer.code == code
        assert facts.items() <= answer.facts.items()


def test_a_reading_is_accepted_from_the_last_day_of_its_month(metered, clock):
    record(metered, *year_of(2_000)).require()
    day_before = record(metered, reading("2100", "2026-01"))
    clock.advance(16 * 86_400_000_000)  # from 15 to 31 January

    on_the_day = record(metered, reading("2100", "2026-01"))

    assert day_before.code == "month_not_over"
    assert on_the_day.ok


def test_a_replaced_register_counts_on(metered):
    change = {"replaced_at_value": "1200", "restarted_at_value": "10", "evidence": "W1"}

    record(metered, reading("15", **change)).require()

    assert recorded(metered)[-1] == ("2025-01", "15")


def test_one_faulty_row_keeps_all_rows_out_and_is_named(metered_either):
    answer = refused(metered_either, readings(reading("1100"), reading("1050", "2025-02")))

    assert answer.code == "rows_refused"
    assert answer.facts == {"refused": 1, "rows": 2, "codes": "meter_reset_unexplained"}
    assert "row 2: meter_reset_unexplained" in answer.message


def test_a_month_given_twice_in_one_file_is_a_duplicate(metered):
    answer = refused(metered, readings(reading("1100"), reading("1100")))

    assert answer.facts["codes"] == "reading_duplicate"


def test_after_a_refused_file_the_meter_stands_where_it_stood(metered):
    refused(metered, readings(reading("1100"), reading("1050", "2025-02")))

    assert record(metered, reading("1001")).ok


def test_a_command_holds_at_most_8192_readings(metered):
    answer = refused(metered, readings(*[reading("1")] * 8_193))

    assert answer.code == "too_many_meter_rows"
    assert answer.facts == {"count": 8_193, "largest": 8_192}


def test_the_meter_of_another_enterprise_looks_like_none(metered):
    answer = refused(metered, readings(reading("1100"), enterprise="E2"), OTHER_COMPLIANCE)

    assert answer.code == "meter_unknown"


@pytest.mark.parametrize(
    ("enterprise", "actor"),
    [("E1", OTHER_COMPLIANCE), ("", COMPLIANCE), ("E1", ADMIN), ("E1", DISTRICT)],
)
def test_only_its_compliance_officer_or_the_city_records_readings(metered, enterprise, actor):
    before = metered.digest()

    with pytest.raises(Exception, match="may not send readings") as refusal:
        metered.do(readings(reading("1100"), enterprise=enterprise), actor=actor)

    assert refusal.value.code == "role_missing"
    assert metered.digest() == before


def test_the_city_records_readings_of_several_enterprises_at_once(metered):
    register(metered, meter("N1", enterprise="E2"))
    payload = readings(reading("1100"), reading("1100", meter="N1"), enterprise="")

    metered.do(payload, actor=REGULATOR).require()

    assert recorded(metered, "N1")[-1] == ("2025-01", "1100")


FAULTY_METERS = [
    ({"id": "m1"}, "party_id_malformed", {"id": "m1"}),
    ({"id": "M1"}, "meter_exists", {"meter": "M1"}),
    ({"enterprise": "E9"}, "party_unknown", {"what": "enterprise", "id": "E9"}),
    ({"facility": "F9"}, "party_unknown", {"what": "facility", "id": "F9"}),
    (
        {"facility": "F1", "enterprise": "E2"},
        "facility_elsewhere",
        {"facility": "F1", "enterprise": "E2"},
    ),
    ({"carrier": "phlogiston"}, "carrier_unknown", {"carrier": "phlogiston"}),
    ({"unit": "MWh"}, "unit_mismatch", {"given": "MWh", "expected": "kWh"}),
    ({"multiplier": "0"}, "multiplier_out_of_range", {"multiplier": "0"}),
    ({"multiplier": "1000000.1"}, "multiplier_out_of_range", {"largest": 1_000_000}),
    ({"first_month": "2026-01"}, "month_not_over", {"month": "2026-01"}),
    ({"first_value": "-1"}, "reading_negative", {"index": "-1"}),
]


def test_each_faulty_meter_is_refused_with_its_own_code(metered_either):
    for changes, code, facts in FAULTY_METERS:
        line = meter(**({"id": "M2"} | changes))

        answer = refused(metered_either, RegisterMeters(rows=(line,)), REGULATOR)

        assert answer.code == code
        assert facts.items() <= answer.facts.items()


def test_a_meter_stands_in_a_facility_of_its_enterprise(either):
    either.do(RegisterMeters(rows=(meter(facility="F1"),)), actor=COMPLIANCE).require()

    assert recorded(either) == [("2024-12", "1000")]


def test_meters_of_a_refused_file_are_forgotten(either):
    refused(either, RegisterMeters(rows=(meter(), meter("M2", unit="MWh"))))

    register(either, meter())

    assert recorded(either) == [("2024-12", "1000")]


def test_an_unknown_field_never_becomes_a_command():
    line = msgspec.to_builtins(reading("1")) | {"colour": "red"}

    with pytest.raises(FieldUnknown):
        read_payload(RecordReadings, {"rows": [line]})


def close(month, enterprise="E1"):
    return CloseMeter(enterprise=enterprise, meter="M1", month=month)


def test_a_closed_meter_takes_no_reading(metered_either):
    record(metered_either, reading("1100")).require()
    metered_either.do(close("2025-01"), actor=COMPLIANCE).require()
    metered_either.restart()

    answer = refused(metered_either, readings(reading("1200", "2025-02")))

    assert answer.code == "meter_closed"
    assert answer.facts == {"meter": "M1", "closed": "2025-01"}


def test_a_meter_closes_only_with_its_last_reading(metered):
    record(metered, reading("1100")).require()

    answer = refused(metered, close("2025-02"))

    assert answer.code == "closing_month_other"
    assert answer.facts["last"] == "2025-01"


def correction(line):
    return CorrectReading(enterprise="E1", reading=line, reason="digits swapped")


def test_two_persons_correct_a_reading(metered_either):
    record(metered_either, reading("1500"), reading("1600", "2025-02")).require()

    answer = metered_either.both(
        correction(reading("1050")), maker=COMPLIANCE, checker=ADMIN
    ).require()

    assert answer.result["before"] == "1500"
    assert recorded(metered_either)[1] == ("2025-01", "1050")


def test_the_next_reading_follows_the_corrected_one(metered):
    record(metered, reading("15000")).require()
    metered.both(correction(reading("1500")), maker=COMPLIANCE, checker=ADMIN).require()

    assert record(metered, reading("1600", "2025-02")).ok


UNFIT_CORRECTIONS = [
    (reading("1601"), "meter_reset_unexplained"),  # above its follower
    (reading("999"), "meter_reset_unexplained"),  # below its forerunner
    (reading("1600.1", "2024-12"), "meter_reset_unexplained"),
    (reading("-1", "2024-12"), "reading_negative"),
    (reading("1", "2024-12", unit="kg"), "unit_mismatch"),
    (reading("1700", "2025-03"), "reading_unknown"),
    (reading("1", meter="M9"), "meter_unknown"),
]


def test_a_correction_that_does_not_fit_is_refused(metered_either):
    record(metered_either, reading("1500"), reading("1600", "2025-02")).require()
    for line, code in UNFIT_CORRECTIONS:
        payload = correction(line)

        answer = refused_quietly(metered_either, payload, maker=COMPLIANCE, checker=ADMIN)

        assert answer.code == code


@pytest.mark.parametrize("month", ["2024-12", "2025-01", "2025-12"])
def test_a_reading_under_a_submitted_report_is_locked(bench, month):
    submitted(bench)
    line = reading("1000", month)

    answer = refused_quietly(bench, correction(line), maker=COMPLIANCE, checker=ADMIN)

    assert answer.code == "report_locked"
    assert answer.facts["state"] == "submitted"


def test_a_correction_reaches_the_next_draft(metered):
    record(metered, *year_of(11_000)).require()
    first = draft(metered).require().result["energy_kgce"]
    metered.both(correction(reading("12000", "2025-12")), maker=COMPLIANCE, checker=ADMIN).require()

    second = draft(metered).require().result["energy_kgce"]

    assert (first, second) == (3_000, 3_300)


def test_a_scale_is_registered_beside_a_meter(bench):
    register(bench, meter(), coal_meter())

    assert recorded(bench, "M2") == [("2024-12", "0")]
