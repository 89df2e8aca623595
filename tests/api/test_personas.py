"""The people whom a visitor of the demonstration can become."""

import csv

import pytest

from api.auth.sign_in import persona_in
from api.auth.store import AuthStore
from api.auth.user import LOGIN, LoginTaken
from api.auth.users import add_user, list_users
from api.demo.personas import personas, seat
from tests.api.auth.people import quick
from tests.demo_files import DEMO

NOW = 1_784_000_000_000_000

WHO = {
    "trader-surplus": ("person:QD-GLS-01-T", "enterprise_trader"),
    "trader-gap": ("person:AS-CEM-02-T", "enterprise_trader"),
    "approver": ("person:AS-CEM-02-A", "enterprise_admin"),
    "compliance": ("person:AS-CEM-02-C", "enterprise_compliance"),
    "district": ("person:QD-R1", "district_regulator"),
    "city": ("person:REG2", "city_regulator"),
    "exchange": ("person:EXC1", "exchange_operator"),
    "verifier": ("person:VER2", "verifier"),
    "auditor": ("person:AUD1", "auditor"),
}


@pytest.fixture
def store(engine):
    url = engine.url.render_as_string(hide_password=False)
    with AuthStore.open(url, passwords=quick()) as opened:
        yield opened


def test_each_is_a_person_with_the_role_that_is_told():
    with (DEMO / "persons.csv").open(encoding="utf-8", newline="") as file:
        roles = {row["person"]: row["role"] for row in csv.DictReader(file)}

    assert {one.login: (one.person, roles[one.person]) for one in personas()} == WHO


def test_the_played_ledger_has_auditors_and_security_officers():
    with (DEMO / "persons.csv").open(encoding="utf-8", newline="") as file:
        roles = [row["role"] for row in csv.DictReader(file)]

    assert (roles.count("auditor"), roles.count("security")) == (2, 2)


def test_every_word_is_there_in_both_languages_and_every_home_is_a_path():
    for one in personas():
        for name in ("name", "role", "about", "try"):
            zh, en = getattr(one, f"{name}_zh"), getattr(one, f"{name}_en")
            assert any("\u4e00" <= letter <= "\u9fff" for letter in zh), (one.login, name)
            assert en.isascii(), (one.login, name)
            assert en, (one.login, name)
        assert LOGIN.fullmatch(one.login)
        assert one.home in {"/enterprise/", "/market/", "/authority/", "/public/"}


def test_they_are_seated_once_and_sign_in_without_a_password(store):
    assert seat(store, clock=lambda: NOW) == 9
    assert seat(store, clock=lambda: NOW) == 0

    users = list_users(store)

    assert {user.login: user.person for user in users} == {
        login: person for login, (person, _) in WHO.items()
    }
    assert {(user.is_persona, user.has_password, user.state) for user in users} == {
        (True, False, "active")
    }
    assert persona_in(store, "trader-gap", NOW)


def test_a_seat_that_is_missing_is_added_and_the_others_stay(store):
    one = personas()[0]
    add_user(store, one.login, person=one.person, name="某人", now=NOW, persona=True)

    assert seat(store, clock=lambda: NOW) == 8
    assert next(user.name for user in list_users(store) if user.login == one.login) == "某人"


def test_the_login_of_somebody_else_is_never_taken_over(store):
    add_user(store, "city", person="person:X1", name="某人", now=NOW, password="correct horse one")
    before = {user.login: user for user in list_users(store)}["city"]

    with pytest.raises(LoginTaken) as refused:
        seat(store, clock=lambda: NOW)

    assert refused.value.code == "login_taken"
    assert {user.login: user for user in list_users(store)}["city"] == before
