"""From readings to a final report: figures by hand, two persons at each step, one version each."""

from hashlib import sha256

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.db import reading as reading_connection
from ledger.metering.carriers import Basis
from ledger.metering.enroll import CloseMeter
from ledger.metering.report import OutputLine, final_report
from ledger.metering.report_state import VerificationPending
from ledger.metering.verify import AssignVerifiers, ReturnReport
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.versions import FIRST_VERSION
from ledger.work import Work
from tests.build import (
    REGULATOR,
    SECOND_REGULATOR,
    SECOND_SECURITY,
    SECOND_VERIFIER,
    SECURITY,
    VERIFIER,
    decided_by,
)
from tests.ledger.metering.build import (
    ADMIN,
    CEMENT,
    COMPLIANCE,
    acceptance,
    assign,
    coal_meter,
    draft,
    final,
    meter,
    metering_ledger,
    opinion,
    reading,
    record,
    refused_quietly,
    register,
    submission,
    submit,
    submitted,
    verify,
    year_of,
)


@pytest.fixture
def bench(sqlite_engine, clock):
    """For what is decided in memory; what the database takes part in runs on `either` engine."""
    return metering_ledger(sqlite_engine, clock)


@pytest.fixture
def either(engine, clock):
    return metering_ledger(engine, clock)


def stored(bench, version=1):
    with reading_connection(bench.engine) as connection:
        return connection.execute(
            sa.text("SELECT * FROM reports WHERE enterprise = 'E1' AND version = :v"),
            {"v": version},
        ).one()


def asked_for_final(bench, enterprise="E1", year=2025):
    """Ask as a later subject would, from inside a cold command."""
    memory = bench.writer.memory
    with reading_connection(bench.engine) as connection, Session(connection) as session:
        work = Work(memory, sequence=0, now=0, actor="system:clock", session=session)
        return final_report(work, enterprise, year)


def refused(bench, payload):
    return refused_quietly(bench, payload, maker=COMPLIANCE, checker=ADMIN)


def quietly(bench, **changes):
    before = bench.digest()
    answer = draft(bench, **changes)
    assert not answer.ok
    assert bench.digest() == before
    return answer


@pytest.mark.parametrize(
    ("basis", "energy_kgce"), [(Basis.CALORIFIC, 1_229_000), (Basis.EQUIVALENT, 3_000_000)]
)
def test_ten_thousand_mwh_are_reported_on_the_basis_of_the_policy(
    engine, clock, basis, energy_kgce
):
    bench = metering_ledger(engine, clock, basis)
    register(bench, meter())
    record(bench, *year_of(10_001_000)).require()

    answer = draft(bench).require()

    assert answer.result["energy_kgce"] == energy_kgce
    assert answer.result["basis"] == basis.value
    assert answer.result["edition"] == "gbt2589-2020"


def test_coal_is_reported_as_energy_and_by_weight(bench):
    register(bench, coal_meter("M1"))
    record(bench, *year_of(1_400_000, start=0, unit="kg")).require()

    answer = draft(bench).require()

    assert answer.result["energy_kgce"] == 1_000_020  # 1,400,000 × 0.7143
    assert answer.result["coal_kg"] == 1_400_000


def test_uses_are_counted_left_out_or_taken_off(bench):
    register(
        bench,
        meter(),
        meter("M2", use="own_renewable"),
        meter("M3", use="feedstock"),
        meter("M4", use="sold"),
    )
    for code, last in (("M1", 101_000), ("M2", 21_000), ("M3", 11_000), ("M4", 6_000)):
        record(bench, *year_of(last, meter=code)).require()

    answer = draft(bench).require()
    with_certificate = draft(bench, certificates_sold=("M2",)).require()

    assert answer.result["energy_kgce"] == 31_500  # 30,000 + 3,000 feedstock − 1,500 sold
    assert with_certificate.result["energy_kgce"] == 37_500


def test_a_multiplier_and_a_replaced_register_count_in_the_year(bench):
    register(bench, meter(multiplier="40"))
    change = {"replaced_at_value": "1200", "restarted_at_value": "10", "evidence": "W1"}
    rest = [reading("15", f"2025-{number:02}") for number in range(2, 13)]
    record(bench, reading("15", **change), *rest).require()

    answer = draft(bench).require()

    assert answer.result["energy_kgce"] == 2_460  # (200 + 5) × 40 = 8,200 kWh


def test_a_meter_that_came_or_went_within_the_year_counts_for_its_months(bench):
    register(bench, meter(), meter("M2", first_month="2025-06"))
    record(bench, reading("1100")).require()
    bench.do(CloseMeter(enterprise="E1", meter="M1", month="2025-01"), actor=COMPLIANCE).require()
    months = [reading("2000", f"2025-{number:02}", "M2") for number in range(7, 13)]
    record(bench, *months).require()

    answer = draft(bench).require()

    assert answer.result["energy_kgce"] == 330  # 100 and 1,000 kWh


def test_a_year_with_a_month_missing_is_refused_by_meter_and_month(either):
    register(either, meter(), meter("M2"))
    record(either, *year_of(2_000)).require()
    record(either, *year_of(2_000, meter="M2")[:11]).require()

    answer = quietly(either)

    assert answer.code == "months_missing"
    assert answer.facts == {
        "enterprise": "E1",
        "year": 2025,
        "meters": 1,
        "meter": "M2",
        "month": "2025-12",
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"year": 2024}, "meters_missing"),
        ({"year": 1999}, "energy_year_out_of_range"),
        ({"certificates_sold": ("M1",)}, "not_own_renewable"),
        ({"certificates_sold": ("M9",)}, "not_own_renewable"),
    ],
)
def test_a_draft_that_cannot_be_computed_is_refused(bench, changes, code):
    register(bench, meter())
    record(bench, *year_of(2_000)).require()

    answer = quietly(bench, **changes)

    assert answer.code == code


def test_a_year_without_factors_is_refused(bench, clock):
    register(bench, meter())
    record(bench, *year_of(2_000)).require()
    clock.advance(365 * 86_400_000_000)
    record(bench, *[reading("3000", f"2026-{number:02}") for number in range(1, 13)]).require()

    answer = quietly(bench, year=2026)

    assert answer.code == "factor_edition_missing"
    assert answer.facts == {"year": 2026, "basis": "equivalent"}


def test_selling_more_than_came_in_is_refused(bench):
    register(bench, meter(use="sold"))
    record(bench, *year_of(2_000)).require()

    answer = quietly(bench)

    assert answer.code == "consumption_negative"


def test_more_than_the_ledger_counts_is_refused(bench):
    register(bench, meter(multiplier="1000000"))
    record(bench, *year_of(1_000_000_000_000)).require()

    answer = quietly(bench)

    assert answer.code == "amount_too_large"


def test_submission_freezes_the_content_under_its_hash(either):
    report_hash = submitted(either)

    row = stored(either)
    content = msgspec.json.decode(row.content)

    assert row.state == "submitted"
    assert row.report_hash == report_hash == sha256(row.content.encode()).hexdigest()
    assert content["energy_kgce"] == 4_000_020
    assert content["outputs"] == [{"product": "cement", "amount": 80_000, "unit": "t"}]
    assert content["lines"][0] == {
        "meter": "M1",
        "carrier": "electricity",
        "quantity": "10000000",
        "unit": "kWh",
        "use": "consumed",
        "certificate_sold": False,
    }
    assert content["sheet"]["steps"][0]["result"] == "3000000"
    assert {one["key"]: one["value"] for one in content["policy"]} == {
        "metering.basis": "equivalent",
        "obligation.own_renewables_counted": False,
        "obligation.feedstock_counted": True,
    }


def drafted(bench):
    register(bench, meter())
    record(bench, *year_of(2_000)).require()
    draft(bench).require()


FAULTY_SUBMISSIONS = [
    (submission(2), "report_version_unknown"),
    (submission(year=2024), "report_version_unknown"),
    (submission(outputs=(CEMENT, CEMENT)), "output_duplicate"),
    (submission(outputs=(OutputLine("cement", 0, "t"),)), "amount_not_positive"),
    (submission(outputs=(OutputLine("cement", 10**15 + 1, "t"),)), "amount_too_large"),
    (submission(outputs=(OutputLine(" ", 1, "t"),)), "output_unnamed"),
    (submission(outputs=(OutputLine("cement", 1, ""),)), "output_unnamed"),
]


def test_each_faulty_submission_is_refused_with_its_own_code(bench):
    """A refusal leaves nothing behind, so one ledger serves the whole table."""
    drafted(bench)
    for payload, code in FAULTY_SUBMISSIONS:
        answer = refused(bench, payload)

        assert answer.code == code


def test_a_draft_that_new_meters_have_overtaken_is_not_submitted(either):
    drafted(either)
    register(either, meter("M2"))
    record(either, *year_of(2_000, meter="M2")).require()

    answer = refused(either, submission())

    assert answer.code == "report_outdated"
    assert answer.facts["drafted_kgce"] == 300
    assert answer.facts["current_kgce"] == 600


def test_one_person_submits_nothing(bench):
    drafted(bench)
    before = bench.digest()

    answer = bench.do(submission(), actor=COMPLIANCE)

    assert answer.code == "second_person_needed"
    assert bench.digest() == before


def test_a_submitted_report_is_locked(either):
    submitted(either)

    again = quietly(either)
    resubmitted = refused(either, submission())

    assert again.code == resubmitted.code == "report_locked"
    assert again.facts == {
        "enterprise": "E1",
        "year": 2025,
        "version": 1,
        "state": "submitted",
        "accepted": "a draft or returned",
    }


def judged(bench, payload, maker=VERIFIER, checker=SECOND_VERIFIER):
    return refused_quietly(bench, payload, maker=maker, checker=checker)


def decided(bench, payload):
    return refused_quietly(bench, payload, maker=REGULATOR, checker=SECOND_REGULATOR)


def test_an_opinion_binds_to_the_hash_it_names(either):
    report_hash = submitted(either)

    verify(either, opinion(report_hash)).require()

    with reading_connection(either.engine) as connection:
        row = connection.execute(sa.text("SELECT * FROM opinions")).one()
    assert (row.version, row.report_hash, row.verdict) == (1, report_hash, "accept")
    assert (row.first_signer, row.second_signer) == (VERIFIER, SECOND_VERIFIER)
    assert stored(either).state == "verified"


def test_an_opinion_on_another_content_is_refused(either):
    report_hash = submitted(either)
    altered = ("1" if report_hash[0] == "0" else "0") + report_hash[1:]

    answer = judged(either, opinion(altered))

    assert answer.code == "report_version_unknown"
    assert answer.facts["newest"] == 1


def resubmitted(bench):
    """Return the hashes of a returned first version and of the second version submitted."""
    first = submitted(bench)
    verify(bench, opinion(first, verdict="return")).require()
    draft(bench).require()
    second = submit(bench, submission(2)).require().result["report_hash"]
    return first, second


@pytest.mark.parametrize("version", [1, 2])
def test_an_opinion_on_the_hash_of_an_earlier_version_is_refused(bench, version):
    first, _second = resubmitted(bench)

    answer = judged(bench, opinion(first, version))

    assert answer.code == "report_version_unknown"
    assert answer.facts["newest"] == 2


def test_a_returned_report_begins_a_new_version_and_keeps_the_old(bench):
    first, second = resubmitted(bench)

    assert first != second
    assert (stored(bench, 1).state, stored(bench, 1).report_hash) == ("returned", first)
    assert (stored(bench, 2).state, stored(bench, 2).report_hash) == ("submitted", second)


def test_the_new_version_goes_all_the_way(either):
    _first, second = resubmitted(either)
    verify(either, opinion(second, 2)).require()
    either.both(acceptance(second, 2)).require()

    report = asked_for_final(either)

    assert (report.version, report.report_hash) == (2, second)


def test_a_report_is_verified_once(bench):
    report_hash = submitted(bench)
    verify(bench, opinion(report_hash)).require()

    answer = judged(bench, opinion(report_hash, verdict="return"))

    assert answer.code == "report_locked"
    assert answer.facts["state"] == "verified"


def test_an_opinion_names_its_document_by_hash(bench):
    answer = judged(bench, opinion(submitted(bench), opinion_hash="AB" * 32))

    assert answer.code == "opinion_hash_malformed"


def test_a_verifier_who_was_not_assigned_signs_nothing(bench):
    third = Grant("person:VER3", Role.VERIFIER)
    bench.both(GrantRoles(grants=(third,)), maker=SECURITY, checker=SECOND_SECURITY).require()

    answer = judged(bench, opinion(submitted(bench)), checker="person:VER3")

    assert answer.code == "verifier_unfit"
    assert answer.facts["person"] == "person:VER3"
    assert answer.facts["reason"] == "not assigned"


def test_one_verifier_alone_signs_nothing(bench):
    report_hash = submitted(bench)
    before = bench.digest()

    answer = bench.do(opinion(report_hash), actor=VERIFIER)

    assert answer.code == "second_person_needed"
    assert bench.digest() == before


@pytest.mark.parametrize(
    ("verifiers", "code"),
    [
        ((VERIFIER,), "verifier_team_too_small"),
        ((VERIFIER, VERIFIER), "verifier_team_too_small"),
        ((), "verifier_team_too_small"),
        ((VERIFIER, REGULATOR), "verifier_unfit"),
    ],
)
def test_unfit_verifiers_are_not_assigned(bench, verifiers, code):
    payload = AssignVerifiers(enterprise="E1", year=2025, verifiers=verifiers)

    answer = decided(bench, payload)

    assert answer.code == code


def test_a_verifier_who_acts_for_the_enterprise_is_not_assigned(bench):
    insider = Grant(SECOND_VERIFIER, Role.ENTERPRISE_TRADER, "enterprise:E1")
    with decided_by(FIRST_VERSION):  # later rules keep the roles of two bodies apart
        bench.both(GrantRoles(grants=(insider,)), maker=SECURITY, checker=SECOND_SECURITY).require()
    payload = AssignVerifiers(enterprise="E1", year=2025, verifiers=(VERIFIER, SECOND_VERIFIER))

    answer = decided(bench, payload)

    assert answer.code == "verifier_unfit"
    assert answer.facts["reason"] == "acts for its own group"


def test_a_new_assignment_takes_the_place_of_the_old(either):
    third = Grant("person:VER3", Role.VERIFIER)
    either.both(GrantRoles(grants=(third,)), maker=SECURITY, checker=SECOND_SECURITY).require()
    report_hash = submitted(either)
    assign(either, VERIFIER, "person:VER3").require()

    answer = judged(either, opinion(report_hash))

    assert answer.facts["person"] == SECOND_VERIFIER


def test_the_authority_accepts_only_what_was_verified(bench):
    report_hash = submitted(bench)

    answer = decided(bench, acceptance(report_hash))

    assert answer.code == "verification_pending"
    assert answer.facts == {"enterprise": "E1", "year": 2025, "state": "submitted"}


def test_the_authority_returns_a_verified_report_with_a_reason(bench):
    report_hash = submitted(bench)
    verify(bench, opinion(report_hash)).require()
    named = {"enterprise": "E1", "year": 2025, "version": 1, "report_hash": report_hash}
    unreasoned = bench.do(ReturnReport(**named, reason=" "))

    bench.do(ReturnReport(**named, reason="coal scale not calibrated")).require()

    assert unreasoned.code == "return_reason_missing"
    assert draft(bench).require().result["version"] == 2


def test_a_final_report_says_what_was_accepted(either):
    report_hash = final(either)

    report = asked_for_final(either)

    assert (report.energy_kgce, report.coal_kg) == (4_000_020, 1_400_000)
    assert report.outputs == {"cement": 80_000}
    assert (report.basis, report.edition) == (Basis.EQUIVALENT, "gbt2589-2020")
    assert report.report_hash == report_hash


def test_a_year_is_reported_once(either):
    report_hash = final(either)

    redrafted = quietly(either)
    returned = either.do(
        ReturnReport(enterprise="E1", year=2025, version=1, report_hash=report_hash, reason="late")
    )
    accepted = decided(either, acceptance(report_hash))

    assert redrafted.code == "report_exists"
    assert returned.code == accepted.code == "report_locked"


@pytest.mark.parametrize(
    ("step", "state"), [("none", "missing"), ("draft", "draft"), ("submit", "submitted")]
)
def test_before_it_is_final_a_report_counts_for_nothing(bench, step, state):
    {"none": lambda _: None, "draft": drafted, "submit": submitted}[step](bench)

    with pytest.raises(VerificationPending) as refusal:
        asked_for_final(bench)

    assert refusal.value.code == "verification_pending"
    assert refusal.value.facts == {"enterprise": "E1", "year": 2025, "state": state}


@pytest.mark.parametrize(
    "tampering",
    [
        "content = replace(content, '10000000', '10000001')",
        "energy_kgce = energy_kgce - 1",
        "coal_kg = coal_kg + 1",
    ],
)
def test_a_final_report_changed_behind_the_ledger_is_found_out(bench, tampering):
    final(bench)
    with bench.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE reports SET {tampering}"))

    with pytest.raises(AssertionError):
        asked_for_final(bench)
