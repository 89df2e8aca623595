"""Sign in: one answer whatever was wrong, the same work, and only so many tries."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa

from api.auth.passwords import NOBODY, Busy, Passwords
from api.auth.sessions import find
from api.auth.sign_in import (
    CredentialsInvalid,
    TooManyAttempts,
    persona_in,
    require_password,
    sign_in,
)
from api.auth.store import AuthStore
from api.auth.tables import AttemptRow, SessionRow, UserRow
from api.auth.users import add_user, disable_user, set_password
from ledger.errors import Refused
from tests.api.auth.people import (
    HERE,
    HOUR,
    MINUTE,
    NOW,
    RIGHT,
    SECOND,
    WRONG,
    CountingHasher,
    contents,
)

ROOT = Path(__file__).resolve().parents[3]
WINDOW = 15 * MINUTE


def fail(store, login, address=HERE, *, now=NOW, times=1):
    for _ in range(times):
        with pytest.raises(CredentialsInvalid):
            sign_in(store, login, WRONG, address, now)


def outcome(store, login, password, address, now=NOW):
    """Return the code of a try at signing in."""
    try:
        sign_in(store, login, password, address, now)
    except Refused as refusal:
        return refusal.code
    return "ok"


def attempts(store):
    with store.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(AttemptRow)).scalar_one()


def test_the_right_password_begins_a_session_of_the_person(store):
    token = sign_in(store, "Sec1", RIGHT, HERE, NOW)

    session = find(store, token, NOW)
    assert (session.login, session.person, session.name) == ("sec1", "person:SEC1", "张三")
    assert (session.language, session.method, session.scopes) == ("zh", "session", None)


def test_a_token_is_32_random_bytes_in_letters_fit_for_a_cookie(store):
    token = sign_in(store, "sec1", RIGHT, HERE, NOW, lambda size: b"\xff" * size)

    assert token == "_" * 42 + "8"  # 32 bytes of ones: 42 sixes of bits, then 1111 and two zeros


def test_two_sign_ins_give_two_tokens(store):
    assert sign_in(store, "sec1", RIGHT, HERE, NOW) != sign_in(store, "sec1", RIGHT, HERE, NOW)


def pending(store):
    add_user(store, "x1", person="person:X1", name="赵", now=NOW, by="person:SEC1", password=RIGHT)


def disabled(store):
    pending(store)
    disable_user(store, "x1", by="person:SEC1", now=NOW)


def persona(store):
    add_user(store, "x1", person="person:X1", name="赵", now=NOW, persona=True)


@pytest.mark.parametrize("make", [lambda store: None, pending, disabled, persona])
def test_whoever_may_not_sign_in_is_told_what_one_with_a_wrong_password_is(store, make):
    make(store)
    before = contents(store)

    with pytest.raises(CredentialsInvalid) as wrong:
        sign_in(store, "sec1", WRONG, HERE, NOW)
    with pytest.raises(CredentialsInvalid) as nobody:
        sign_in(store, "x1", RIGHT, HERE, NOW)

    assert str(nobody.value) == str(wrong.value)
    assert nobody.value.facts == wrong.value.facts == {}
    assert contents(store) == before


@pytest.mark.parametrize("make", [lambda store: None, pending, disabled, persona])
def test_argon2_runs_once_whether_or_not_the_user_may_sign_in(store, make):
    make(store)
    asked = store.passwords.hasher.verified
    asked.clear()

    fail(store, "sec1")
    fail(store, "x1")

    assert len(asked) == 2
    assert asked[0] != NOBODY
    assert asked[1] == NOBODY


def test_any_text_may_be_tried_as_a_login(store):
    for login in ("", "a" * 100_000, "\x00", "\ud800", "' OR 1=1 --", "sec1\x00", "王五"):
        fail(store, login)

    assert store.passwords.hasher.verified == [NOBODY] * 7


def test_any_text_may_be_tried_as_a_password(store):
    for password in ("", "\x00", "\ud800", "a" * 1_000_000, RIGHT + "\x00"):
        assert outcome(store, "sec1", password, HERE) == "credentials_invalid"


def test_any_text_may_come_as_an_address(store):
    for address in ("", "\ud800", "a" * 100_000, "::1", "fe80::1%eth0"):
        assert outcome(store, "sec1", RIGHT, address) == "ok"


def test_after_ten_failures_even_the_right_password_waits(store):
    for number in range(9):
        fail(store, "sec1", f"192.0.2.{number}")
    assert outcome(store, "sec1", RIGHT, HERE) == "ok"
    fail(store, "sec1")

    with pytest.raises(TooManyAttempts) as refused:
        sign_in(store, "sec1", RIGHT, "198.51.100.1", NOW)

    assert refused.value.facts == {"retry_after_seconds": 900}


def test_after_ten_failures_from_one_address_no_login_is_tried_from_there(store):
    for number in range(10):
        fail(store, f"guess{number}")

    assert outcome(store, "sec1", RIGHT, HERE) == "too_many_attempts"
    assert outcome(store, "sec1", RIGHT, "192.0.2.8") == "ok"


def test_a_locked_login_says_the_same_whether_or_not_there_is_such_a_user(store):
    told = []
    for login in ("sec1", "nobody"):
        for number in range(10):
            fail(store, login, f"{login}-{number}")
        with pytest.raises(TooManyAttempts) as refused:
            sign_in(store, login, WRONG, "elsewhere", NOW)
        told.append((str(refused.value), refused.value.facts))

    assert told[0] == told[1]


def test_a_locked_login_runs_no_argon2_and_counts_no_try(store):
    fail(store, "sec1", times=10)
    store.passwords.hasher.verified.clear()

    assert outcome(store, "sec1", WRONG, "elsewhere") == "too_many_attempts"

    assert store.passwords.hasher.verified == []
    assert attempts(store) == 10


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (WINDOW - 1, "too_many_attempts"),
        (WINDOW, "ok"),
        (WINDOW + 1, "ok"),
    ],
)
def test_the_lock_opens_when_the_oldest_of_ten_is_15_minutes_old(store, later, expected):
    fail(store, "sec1", now=NOW)
    fail(store, "sec1", now=NOW + 5 * MINUTE, times=9)

    assert outcome(store, "sec1", RIGHT, HERE, NOW + later) == expected


def test_then_one_more_failure_locks_it_again_until_the_next_oldest(store):
    fail(store, "sec1", now=NOW)
    fail(store, "sec1", now=NOW + 5 * MINUTE, times=9)
    fail(store, "sec1", now=NOW + WINDOW)

    with pytest.raises(TooManyAttempts) as refused:
        sign_in(store, "sec1", RIGHT, HERE, NOW + WINDOW)

    assert refused.value.facts == {"retry_after_seconds": 300}


def test_the_wait_is_told_in_whole_seconds_rounded_up(store):
    fail(store, "sec1", times=10)

    for later, seconds in [(0, 900), (1, 900), (SECOND, 899), (WINDOW - 1, 1)]:
        with pytest.raises(TooManyAttempts) as refused:
            sign_in(store, "sec1", RIGHT, HERE, NOW + later)
        assert refused.value.facts == {"retry_after_seconds": seconds}


def test_right_passwords_are_not_counted(store):
    for _ in range(11):
        sign_in(store, "sec1", RIGHT, HERE, NOW)

    assert attempts(store) == 0


def test_old_failures_are_not_kept(store):
    fail(store, "sec1", times=3)
    fail(store, "sec2", now=NOW + WINDOW)

    assert attempts(store) == 1


def test_neither_logins_nor_addresses_are_kept_in_clear(store):
    fail(store, "my password in the wrong field", "203.0.113.77")

    with store.reading() as connection:
        row = connection.execute(sa.select(AttemptRow.__table__)).one()
    assert b"password" not in row.login_hash
    assert len(row.login_hash) == len(row.address_hash) == 32


@pytest.mark.parametrize(
    ("address", "is_same"),
    [
        ("2001:db8:0:1::1", True),
        ("2001:db8:0:1:ffff:ffff:ffff:ffff", True),
        ("2001:db8:0:2::1", False),
    ],
)
def test_a_whole_ipv6_network_counts_as_one_address(store, address, is_same):
    for number in range(10):
        fail(store, f"guess{number}", f"2001:db8:0:1::{number:x}")

    expected = "too_many_attempts" if is_same else "ok"
    assert outcome(store, "sec1", RIGHT, address) == expected


def test_an_ipv4_address_written_as_ipv6_is_itself_and_no_network(store):
    for number in range(10):
        fail(store, f"guess{number}", "::ffff:192.0.2.7")

    assert outcome(store, "sec1", RIGHT, "192.0.2.7") == "too_many_attempts"
    assert outcome(store, "sec1", RIGHT, "::ffff:192.0.2.8") == "ok"


def test_two_failing_at_once_in_two_processes_share_one_count(store, other_store):
    fail(store, "sec1", "a", times=9)
    start = Barrier(2)

    def try_one(which):
        start.wait()
        return outcome(which, "sec1", WRONG, "b")

    with ThreadPoolExecutor(2) as threads:
        found = sorted(threads.map(try_one, [store, other_store]))

    assert found == ["credentials_invalid", "too_many_attempts"]
    assert attempts(store) == 10


def test_of_sixteen_guesses_at_once_ten_are_checked(store, other_store):
    start = Barrier(16)

    def try_one(number):
        start.wait()
        return outcome((store, other_store)[number % 2], "sec1", WRONG, f"192.0.2.{number}")

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(try_one, range(16)))

    checked = store.passwords.hasher.verified + other_store.passwords.hasher.verified
    assert found.count("credentials_invalid") == 10
    assert found.count("too_many_attempts") == 6
    assert len(checked) == 10


def test_real_processes_share_one_count(store, ledger_url):
    script = (
        "import sys\n"
        "from api.auth.store import AuthStore\n"
        "from tests.api.auth.people import NOW, quick\n"
        "from tests.api.auth.test_sign_in import outcome\n"
        "with AuthStore.open(sys.argv[1], passwords=quick()) as store:\n"
        "    for number in range(8):\n"
        "        print(outcome(store, 'sec1', 'wrong', f'{sys.argv[2]}-{number}'))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, ledger_url, name],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]

    printed = "".join(process.communicate(timeout=300)[0] for process in running).split()

    assert printed.count("credentials_invalid") == 10
    assert printed.count("too_many_attempts") == 6


def test_a_ninth_at_once_is_told_busy_and_counts_nothing(store):
    held = [store.passwords.slot() for _ in range(8)]
    for slot in held:
        slot.__enter__()

    with pytest.raises(Busy):
        sign_in(store, "sec1", RIGHT, HERE, NOW)
    for slot in held:
        slot.__exit__(None, None, None)

    assert attempts(store) == 0
    assert outcome(store, "sec1", RIGHT, HERE) == "ok"


def kept_hash(store, login="sec1"):
    with store.reading() as connection:
        return connection.execute(
            sa.select(UserRow.password_hash).where(UserRow.login == login)
        ).scalar_one()


def test_a_password_kept_by_old_parameters_is_kept_by_new_ones_after_sign_in(store, ledger_url):
    old = kept_hash(store)
    stronger = Passwords(CountingHasher(memory_cost=16))

    with AuthStore.open(ledger_url, passwords=stronger) as later:
        fail(later, "sec1")
        assert kept_hash(store) == old
        sign_in(later, "sec1", RIGHT, HERE, NOW)
        new = kept_hash(store)
        sign_in(later, "sec1", RIGHT, HERE, NOW)

    assert "$m=8,t=1,p=1$" in old
    assert "$m=16,t=1,p=1$" in new
    assert kept_hash(store) == new


class Meanwhile(CountingHasher):
    """Lets something happen while a password is being checked."""

    def __init__(self):
        super().__init__()
        self.happens = None

    def verify(self, hash, password):
        happens, self.happens = self.happens, None
        if happens is not None:
            happens()
        return super().verify(hash, password)


@pytest.mark.parametrize(
    "change",
    [
        lambda store: set_password(store, "sec1", "four grey herons", by="person:SEC1", now=NOW),
        lambda store: disable_user(store, "sec1", by="person:SEC2", now=NOW),
    ],
)
def test_a_password_changed_while_the_old_one_is_checked_begins_no_session(
    store, ledger_url, change
):
    hasher = Meanwhile()

    with AuthStore.open(ledger_url, passwords=Passwords(hasher)) as slow:
        hasher.happens = lambda: change(store)
        assert outcome(slow, "sec1", RIGHT, HERE) == "credentials_invalid"

    with store.reading() as connection:
        assert connection.execute(sa.select(SessionRow.__table__)).all() == []


def test_the_old_password_asked_for_again_is_counted_like_a_sign_in(store):
    assert require_password(store, "sec1", RIGHT, HERE, NOW).person == "person:SEC1"
    assert attempts(store) == 0

    for _ in range(10):
        with pytest.raises(CredentialsInvalid):
            require_password(store, "sec1", WRONG, HERE, NOW)
    with pytest.raises(TooManyAttempts):
        require_password(store, "sec1", RIGHT, HERE, NOW)


def test_a_persona_comes_in_without_a_password(store):
    persona(store)

    session = find(store, persona_in(store, "X1", NOW), NOW)

    assert (session.person, session.is_persona) == ("person:X1", True)


def test_nobody_else_comes_in_without_a_password(store):
    before = contents(store)

    for login in ("sec1", "nobody", "", "\x00"):
        with pytest.raises(CredentialsInvalid):
            persona_in(store, login, NOW)

    assert contents(store) == before


def test_a_disabled_persona_stays_out(store):
    persona(store)
    disable_user(store, "x1", by="person:SEC1", now=NOW)

    with pytest.raises(CredentialsInvalid):
        persona_in(store, "x1", NOW)


def test_sessions_older_than_twelve_hours_are_not_kept(store):
    sign_in(store, "sec1", RIGHT, HERE, NOW)
    sign_in(store, "sec1", RIGHT, HERE, NOW + 1)

    sign_in(store, "sec1", RIGHT, HERE, NOW + 12 * HOUR)

    with store.reading() as connection:
        began = connection.execute(sa.select(SessionRow.started_at)).scalars().all()
    assert sorted(began) == [NOW + 1, NOW + 12 * HOUR]
