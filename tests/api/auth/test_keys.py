"""API keys: asked for by one, confirmed by another, for so long and no longer."""

from hashlib import sha256

import pytest
import sqlalchemy as sa

from api.auth.keys import (
    KeyInvalid,
    KeyMalformed,
    KeyNotPending,
    KeyUnknown,
    confirm_key,
    find,
    find_key,
    list_keys,
    request_key,
    revoke_key,
)
from api.auth.second_person import SamePersonConfirms
from api.auth.tables import ApiKeyRow
from api.auth.users import disable_user, enable_user, set_password
from ledger.roles import PersonMalformed
from tests.api.auth.people import DAY, MINUTE, NOW, active, contents

ALLOWED = ("orders:write", "orders:read", "book:read")
TRADER, ADMIN = "person:T1", "person:A1"


@pytest.fixture
def store(store):
    """With a trader of E1, who asks for keys."""
    active(store, "trader", TRADER, name="赵六")
    return store


def asked(store, **changes):
    wanted = {
        "person": TRADER,
        "owner": "enterprise:E1",
        "label": "下单程序",
        "scopes": ["orders:write", "book:read"],
        "allowed": ALLOWED,
        "expires_at": NOW + 90 * DAY,
        "now": NOW,
    }
    return request_key(store, **(wanted | changes))


def in_force(store, **changes):
    key, token = asked(store, **changes)
    confirm_key(store, key.id, by=ADMIN, now=NOW)
    return key.id, token


def refused(store, token, now=NOW):
    """Assert that *token* is refused at *now* with the one text."""
    with pytest.raises(KeyInvalid) as found:
        find(store, token, now)
    assert found.value.message == "this API key does not work; ask for another one"
    assert found.value.facts == {}


def test_a_key_that_another_confirmed_works_for_its_person_and_scopes(store):
    key_id, token = in_force(store)

    found = find(store, token, NOW)

    assert token.startswith(f"yn_{key_id}_")
    assert (found.person, found.owner, found.method) == (TRADER, "enterprise:E1", "key")
    assert (found.name, found.language) == ("赵六", "zh")
    assert found.scopes == {"orders:write", "book:read"}


def test_of_a_secret_only_its_hash_is_kept(store):
    _, token = asked(store)
    secret = token[20:]

    with store.reading() as connection:
        kept = connection.execute(sa.select(ApiKeyRow.__table__)).one()

    assert len(secret) == 43
    assert kept.secret_hash == sha256(secret.encode()).digest()
    assert secret not in str(kept)


def test_a_key_that_nobody_confirmed_does_not_work(store):
    key, token = asked(store)

    assert key.state(NOW) == "pending"
    refused(store, token)


def test_whoever_asked_does_not_confirm(store):
    key, token = asked(store)
    before = contents(store)

    with pytest.raises(SamePersonConfirms) as found:
        confirm_key(store, key.id, by=TRADER, now=NOW)

    assert found.value.facts == {"person": TRADER, "what": f"API key {key.id}"}
    assert contents(store) == before
    refused(store, token)


def test_the_host_is_no_second_person(store):
    key, _ = asked(store)

    with pytest.raises(PersonMalformed):
        confirm_key(store, key.id, by="host", now=NOW)


def test_a_key_is_confirmed_once(store):
    key_id, _ = in_force(store)

    with pytest.raises(KeyNotPending) as found:
        confirm_key(store, key_id, by="person:A2", now=NOW)

    assert found.value.facts == {"key_id": key_id, "state": "active"}


@pytest.mark.parametrize(("days", "is_taken"), [(1, True), (180, True), (181, False)])
def test_a_key_lasts_180_days_at_most(store, days, is_taken):
    if is_taken:
        assert asked(store, expires_at=NOW + days * DAY)[0].expires_at == NOW + days * DAY
        return
    before = contents(store)
    with pytest.raises(KeyMalformed) as found:
        asked(store, expires_at=NOW + days * DAY)
    assert found.value.facts["field"] == "expires_at"
    assert contents(store) == before


@pytest.mark.parametrize(
    ("after", "is_taken"), [(-DAY, False), (0, False), (1, True), (180 * DAY + 1, False)]
)
def test_a_key_expires_later_than_now(store, after, is_taken):
    if is_taken:
        asked(store, expires_at=NOW + after)
        return
    with pytest.raises(KeyMalformed):
        asked(store, expires_at=NOW + after)


def test_a_key_works_the_minute_before_it_expires_and_not_the_minute_after(store):
    key_id, token = in_force(store)
    end = NOW + 90 * DAY

    assert find(store, token, end - MINUTE).id == key_id
    assert find(store, token, end - 1).id == key_id
    refused(store, token, end)
    refused(store, token, end + MINUTE)


def test_a_key_that_expired_unconfirmed_is_not_confirmed(store):
    key, _ = asked(store, expires_at=NOW + DAY)

    with pytest.raises(KeyNotPending) as found:
        confirm_key(store, key.id, by=ADMIN, now=NOW + DAY)

    assert found.value.facts["state"] == "expired"


def test_a_key_asked_for_in_the_future_does_not_work_but_for_a_minute_between_clocks(store):
    _, token = in_force(store)

    assert find(store, token, NOW - MINUTE)
    refused(store, token, NOW - MINUTE - 1)


def test_a_revoked_key_stops_at_once_and_for_good(store, other_store):
    key_id, token = in_force(store)
    assert find(other_store, token, NOW)

    assert revoke_key(store, key_id, by=TRADER).state(NOW) == "revoked"

    refused(other_store, token)
    with pytest.raises(KeyNotPending):
        confirm_key(store, key_id, by=ADMIN, now=NOW)


def test_a_pending_key_may_be_revoked(store):
    key, token = asked(store)

    revoke_key(store, key.id, by=TRADER)

    with pytest.raises(KeyNotPending):
        confirm_key(store, key.id, by=ADMIN, now=NOW)
    refused(store, token)


def test_revoking_twice_keeps_who_revoked_first(store):
    key_id, _ = in_force(store)
    revoke_key(store, key_id, by=TRADER)

    assert revoke_key(store, key_id, by=ADMIN).revoked_by == TRADER


def test_a_key_does_not_work_while_its_person_may_not_sign_in(store):
    key_id, token = in_force(store)

    disable_user(store, "trader", by="person:SEC1", now=NOW)
    refused(store, token)
    enable_user(store, "trader")
    assert find(store, token, NOW).id == key_id
    set_password(store, "trader", "four grey herons", by="person:SEC1", now=NOW)
    refused(store, token)


def test_a_person_who_may_not_sign_in_asks_for_no_key(store):
    for person in ("person:NOBODY", ""):
        with pytest.raises(KeyMalformed) as found:
            asked(store, person=person)
        assert found.value.facts["field"] == "person"
    disable_user(store, "trader", by="person:SEC1", now=NOW)
    with pytest.raises(KeyMalformed):
        asked(store)


def test_any_text_that_is_no_key_is_refused(store):
    key_id, token = in_force(store)
    _, other = in_force(store)
    secret = token[20:]
    for text in (
        "",
        "\x00",
        "\ud800",
        "yn_",
        "yn_" * 100_000,
        f"yn_{key_id}_",
        f"yn_{key_id}_{other[20:]}",
        f"yn_{key_id}_{secret}x",
        f"yn_{key_id}_{secret[:-1]}",
        f"yn_{key_id}_{secret}\n",
        f"yn_{key_id.upper()}_{secret}",
        f"yn_{'0' * 16}_{secret}",
        f"YN_{key_id}_{secret}",
        f" {token}",
    ):
        refused(store, text)


def test_an_unknown_id_compares_a_hash_all_the_same(store, monkeypatch):
    compared = []

    def counting(one, other):
        compared.append((len(one), len(other)))
        return False

    _, token = in_force(store)
    monkeypatch.setattr("api.auth.keys.hmac.compare_digest", counting)

    refused(store, token)
    refused(store, f"yn_{'0' * 16}_{token[20:]}")

    assert compared == [(32, 32), (32, 32)]


def test_a_secret_whose_hash_is_the_stand_in_opens_nothing(store, monkeypatch):
    """Even if the comparison with the stand-in came out right, there would be no key."""
    _, token = in_force(store)
    monkeypatch.setattr("api.auth.keys.hmac.compare_digest", lambda one, other: True)

    refused(store, f"yn_{'0' * 16}_{token[20:]}")


def test_a_key_has_a_label_an_owner_and_scopes_of_the_closed_list(store):
    before = contents(store)
    faulty = [
        ("label", ""),
        ("label", "  "),
        ("label", "x" * 61),
        ("label", "a\nb"),
        ("label", "\x00"),
        ("owner", ""),
        ("owner", "E1"),
        ("owner", "enterprise:"),
        ("owner", "enterprise:e1\x00"),
        ("owner", "enterprise:" + "E" * 65),
        ("scopes", []),
        ("scopes", ["orders:cancel"]),
        ("scopes", ["orders:read", "orders:read orders:write"]),
        ("scopes", ["\x00"]),
    ]
    for field, value in faulty:
        with pytest.raises(KeyMalformed) as found:
            asked(store, **{field: value})
        assert found.value.facts["field"] == field

    assert contents(store) == before


def test_a_scope_named_twice_is_there_once(store):
    key, _ = asked(store, scopes=["book:read", "book:read"])

    assert key.scopes == {"book:read"}


def test_keys_are_listed_by_owner_or_person_oldest_first(store):
    active(store, "other", "person:T2")
    second, _ = asked(store, now=NOW + 2, label="二")
    first, _ = asked(store, now=NOW + 1, label="一")
    elsewhere, _ = asked(store, person="person:T2", owner="enterprise:E2", now=NOW + 3)

    assert [key.id for key in list_keys(store)] == [first.id, second.id, elsewhere.id]
    assert [key.id for key in list_keys(store, owner="enterprise:E1")] == [first.id, second.id]
    assert [key.id for key in list_keys(store, person="person:T2")] == [elsewhere.id]
    assert find_key(store, first.id).label == "一"


def test_a_key_that_is_not_there_is_named(store):
    for change in (
        lambda key_id: find_key(store, key_id),
        lambda key_id: revoke_key(store, key_id, by=TRADER),
        lambda key_id: confirm_key(store, key_id, by=ADMIN, now=NOW),
    ):
        for key_id in ("0" * 16, "", "\x00", "\ud800", "x" * 1_000):
            with pytest.raises(KeyUnknown) as found:
                change(key_id)
            assert found.value.facts == {"key_id": key_id[:16]}
