"""Passwords: how strong, how stored, how many at a time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from api.auth.passwords import NOBODY, Busy, Passwords, PasswordWeak, require_strong
from tests.api.auth.people import CountingHasher, quick

SALT = bytes(range(16))


@pytest.mark.parametrize(
    ("length", "is_taken"), [(0, False), (11, False), (12, True), (200, True), (201, False)]
)
def test_a_password_has_12_to_200_characters(length, is_taken):
    password = "ab" * 101

    if is_taken:
        require_strong(password[:length], login="zhang")
        return
    with pytest.raises(PasswordWeak) as refused:
        require_strong(password[:length], login="zhang")
    assert refused.value.facts["shortest"] == 12
    assert refused.value.facts["longest"] == 200


def test_characters_are_counted_and_not_bytes():
    require_strong("用能权交易与用能指标台账", login="zhang")  # 12 characters, 36 bytes


def test_a_letter_typed_as_two_characters_counts_once():
    with pytest.raises(PasswordWeak):
        require_strong("e\u0301" * 11, login="zhang")
    require_strong("e\u0301" * 12, login="zhang")


@pytest.mark.parametrize("password", ["zhang.wei.2026", "Zhang.Wei.2026"])
def test_the_login_is_no_password_in_whatever_case(password):
    with pytest.raises(PasswordWeak) as refused:
        require_strong(password, login="zhang.wei.2026")

    assert refused.value.facts["reason"] == "it is the login itself"


def test_half_a_character_is_no_password():
    with pytest.raises(PasswordWeak):
        require_strong("\ud800" + "a" * 20, login="zhang")


def test_what_is_kept_says_argon2id_with_19_mib_two_passes_one_lane():
    stored = Passwords().hashed("three quiet cranes", salt=SALT)

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$")


def test_the_right_password_fits_and_another_does_not():
    passwords = quick()
    stored = passwords.hashed("three quiet cranes", salt=SALT)

    assert passwords.is_right(stored, "three quiet cranes")
    assert not passwords.is_right(stored, "three quiet crane")
    assert not passwords.is_right(stored, "")


def test_a_password_fits_however_its_letters_were_composed():
    passwords = quick()
    stored = passwords.hashed("cre\u0300me bru\u0302le\u0301e", salt=SALT)

    assert passwords.is_right(stored, "cr\u00e8me br\u00fbl\u00e9e")


def test_a_longer_text_than_any_password_never_fits():
    passwords = quick()
    stored = passwords.hashed("a" * 200, salt=SALT)

    assert passwords.is_right(stored, "a" * 200)
    assert not passwords.is_right(stored, "a" * 201)
    assert not passwords.is_right(stored, "a" * 100_000)


@pytest.mark.parametrize("text", ["\x00", "\ud800", "'; DROP TABLE users", "🌊" * 300])
def test_any_text_may_be_tried(text):
    assert not quick().is_right(NOBODY, text)


def test_nobodys_password_costs_what_everybodys_costs():
    """The parameters argon2 is run with are those of the hash it is given."""
    stored = Passwords().hashed("three quiet cranes", salt=SALT)

    assert NOBODY.split("$")[:4] == stored.split("$")[:4]
    assert [len(part) for part in NOBODY.split("$")] == [len(part) for part in stored.split("$")]


def test_without_a_stored_password_argon2_runs_all_the_same_and_nothing_fits():
    hasher = CountingHasher()

    assert not Passwords(hasher).is_right(None, "three quiet cranes")
    assert hasher.verified == [NOBODY]


def test_a_hash_made_with_other_parameters_is_outdated():
    old = Passwords(CountingHasher(memory_cost=16)).hashed("three quiet cranes", salt=SALT)

    assert quick().is_outdated(old)
    assert not Passwords(CountingHasher(memory_cost=16)).is_outdated(old)


def test_a_ninth_at_once_is_refused_and_may_come_when_one_has_left():
    passwords = quick()
    held = [passwords.slot() for _ in range(8)]
    for slot in held:
        slot.__enter__()

    with pytest.raises(Busy) as refused, passwords.slot():
        pass
    held[0].__exit__(None, None, None)
    with passwords.slot():
        pass

    assert refused.value.facts == {"retry_after_seconds": 1}


def test_of_twelve_threads_eight_are_let_in():
    passwords, all_tried = quick(), Barrier(12)

    def try_one(_number):
        try:
            with passwords.slot():
                all_tried.wait()
                return True
        except Busy:
            all_tried.wait()
            return False

    with ThreadPoolExecutor(12) as threads:
        assert sum(threads.map(try_one, range(12))) == 8
