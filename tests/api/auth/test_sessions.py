"""Sessions: how long they last, what ends them, and what is kept of them."""

from hashlib import sha256

import pytest
import sqlalchemy as sa

from api.auth.sessions import SessionInvalid, close, close_all, find
from api.auth.sign_in import sign_in
from api.auth.tables import SessionRow, UserRow
from tests.api.auth.people import HERE, HOUR, MINUTE, NOW, RIGHT, SECOND


@pytest.fixture
def token(store):
    return sign_in(store, "sec1", RIGHT, HERE, NOW)


def seen_at(store):
    with store.reading() as connection:
        return connection.execute(sa.select(SessionRow.seen_at)).scalar_one()


def ends(store, token, now):
    """Assert that *token* is refused at *now*."""
    with pytest.raises(SessionInvalid) as refused:
        find(store, token, now)
    assert refused.value.message == "this session has ended; sign in again"
    assert refused.value.facts == {}


def test_of_a_token_only_its_hash_is_kept(store, token):
    with store.reading() as connection:
        kept = connection.execute(sa.select(SessionRow.__table__)).one()

    assert kept.token_hash == sha256(token.encode()).digest()
    assert token not in str(kept)


def test_a_session_left_idle_lasts_29_minutes_and_not_30(store, token):
    find(store, token, NOW + 30 * MINUTE - 1)
    # That request was noted, so the next half hour begins there.
    find(store, token, NOW + 59 * MINUTE)

    ends(store, token, NOW + 89 * MINUTE)


def test_a_session_nobody_used_for_half_an_hour_has_ended(store, token):
    ends(store, token, NOW + 30 * MINUTE)
    ends(store, token, NOW + 31 * MINUTE)


def test_a_session_in_constant_use_lasts_12_hours_less_one_instant(store, token):
    for quarter in range(1, 48):
        find(store, token, NOW + quarter * 15 * MINUTE)
    find(store, token, NOW + 12 * HOUR - 1)

    ends(store, token, NOW + 12 * HOUR)


@pytest.mark.parametrize(
    ("later", "noted"),
    [
        (0, NOW),
        (MINUTE - 1, NOW),
        (MINUTE, NOW + MINUTE),
        (61 * SECOND, NOW + 61 * SECOND),
    ],
)
def test_a_use_is_noted_once_a_minute_at_most(store, token, later, noted):
    find(store, token, NOW + later)

    assert seen_at(store) == noted


def test_a_request_that_notes_nothing_waits_for_no_writer(store, token, other_store):
    with other_store.writing():
        assert find(store, token, NOW + MINUTE - 1).login == "sec1"


def test_a_session_that_cannot_be_noted_is_good_all_the_same(
    store, token, other_store, monkeypatch
):
    monkeypatch.setattr("api.auth.store.LOCK_WAIT", "100ms")
    if store.engine.dialect.name == "sqlite":
        store.engine.dispose()
        sa.event.listen(
            store.engine, "connect", lambda found, _: found.execute("PRAGMA busy_timeout=100")
        )

    with other_store.writing():
        assert find(store, token, NOW + MINUTE).login == "sec1"

    assert seen_at(store) == NOW


def test_notes_of_two_requests_never_go_back(store, token, other_store):
    find(store, token, NOW + 3 * MINUTE)
    find(other_store, token, NOW + 2 * MINUTE)

    assert seen_at(store) == NOW + 3 * MINUTE


@pytest.mark.parametrize(("earlier", "is_good"), [(0, True), (MINUTE, True), (MINUTE + 1, False)])
def test_a_session_from_the_future_is_none_but_for_a_minute_between_clocks(
    store, token, earlier, is_good
):
    if is_good:
        assert find(store, token, NOW - earlier).login == "sec1"
    else:
        ends(store, token, NOW - earlier)


def test_a_closed_session_has_ended_and_others_go_on(store, token):
    another = sign_in(store, "sec1", RIGHT, HERE, NOW)

    close(store, token, NOW)

    ends(store, token, NOW)
    assert find(store, another, NOW).login == "sec1"


def test_closing_twice_or_closing_nothing_changes_nothing(store, token):
    close(store, token, NOW + 1)
    close(store, token, NOW + 2)
    close(store, "no such token", NOW)

    with store.reading() as connection:
        assert connection.execute(sa.select(SessionRow.ended_at)).scalar_one() == NOW + 1


def test_all_sessions_of_a_person_are_closed_and_no_one_elses(store, token):
    tokens = [token, sign_in(store, "sec1", RIGHT, HERE, NOW)]
    others = sign_in(store, "sec2", RIGHT, HERE, NOW)

    close_all(store, "person:SEC1", NOW)
    close_all(store, "person:NOBODY", NOW)

    for each in tokens:
        ends(store, each, NOW)
    assert find(store, others, NOW).login == "sec2"


def test_any_text_that_is_no_token_is_refused(store, token):
    for text in ("", "\x00", "\ud800", "a" * 1_000_000, token + "x", token[:-1], token.swapcase()):
        ends(store, text, NOW)


def test_a_session_says_when_it_ends(store, token):
    assert find(store, token, NOW).expires_at == NOW + 30 * MINUTE
    for quarter in range(1, 48):
        find(store, token, NOW + quarter * 15 * MINUTE)
    late = find(store, token, NOW + 705 * MINUTE)

    assert late.expires_at == NOW + 720 * MINUTE


@pytest.mark.parametrize("column", ["disabled_by", "confirmed_by"])
def test_a_session_that_was_left_open_is_none_while_its_user_may_not_sign_in(store, token, column):
    """Whoever changes the user also closes the sessions; this holds if that was forgotten."""
    value = "person:SEC2" if column == "disabled_by" else None
    with store.writing() as connection:
        connection.execute(
            sa.update(UserRow).where(UserRow.login == "sec1").values({column: value})
        )

    ends(store, token, NOW)
