"""The command line of users and keys: who may do what, and what it prints."""

import json

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from api.auth.keys import confirm_key, request_key
from api.auth.sign_in import persona_in, sign_in
from api.auth.store import AuthStore
from api.auth.users import list_users
from api.cli import cli
from ledger.db import connect, sqlite_url
from ledger.errors import Refused
from tests.api.auth.people import DAY, HERE, NOW, RIGHT
from tests.build import open_ledger


@pytest.fixture
def home(sqlite_engine, clock, tmp_path, monkeypatch):
    """A demonstration ledger with two security officers among its persons."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    open_ledger(sqlite_engine, clock)
    return tmp_path


@pytest.fixture
def yongneng(home):
    """Return a function that runs the command line and gives what it printed, or its refusal."""

    def ran(group, command, *arguments, typed=None):
        found = CliRunner().invoke(cli, [group, command, "--data", str(home), *arguments], typed)
        if isinstance(found.exception, Refused):
            return found.exception.code
        assert found.exit_code == 0, (found.output, found.exception)
        return found.output

    return ran


def add(yongneng, login, person, *more, name="王五"):
    return yongneng(
        *("user", "add", login, "--person", person, "--name", name, "--password-stdin", *more),
        typed=f"{RIGHT}\n",
    )


@pytest.fixture
def begun(yongneng):
    """Two officers who may sign in, made by the host."""
    assert add(yongneng, "sec1", "person:SEC1", name="张三") == "sec1  active  person:SEC1  张三\n"
    assert add(yongneng, "sec2", "person:SEC2", name="李四") == "sec2  active  person:SEC2  李四\n"


def can_sign_in(home, login, password=RIGHT):
    with AuthStore.open(sqlite_url(home)) as store:
        try:
            return bool(sign_in(store, login, password, HERE, NOW))
        except Refused as refusal:
            return refusal.code


def test_the_host_makes_two_users_and_no_third(home, yongneng, begun):
    assert add(yongneng, "reg1", "person:REG1") == "host_only_begins"
    assert can_sign_in(home, "sec1") is True


def test_one_officer_adds_and_another_confirms(home, yongneng, begun):
    added = add(yongneng, "reg1", "person:REG1", "--actor", "person:SEC1")
    confirm = ("user", "confirm", "reg1", "--person", "person:REG1", "--actor")

    assert added == "reg1  pending  person:REG1  王五\n"
    assert yongneng(*confirm, "person:SEC1") == "same_person_confirms"
    assert can_sign_in(home, "reg1") == "credentials_invalid"
    assert yongneng(*confirm, "person:SEC2") == "reg1  active  person:REG1  王五\n"
    assert can_sign_in(home, "reg1") is True


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        ("person:REG1", "role_missing"),
        ("person:NOBODY", "role_missing"),
        ("nobody", "person_malformed"),
    ],
)
def test_only_a_security_officer_of_the_ledger_acts(home, yongneng, begun, actor, code):
    assert add(yongneng, "reg1", "person:REG1", "--actor", actor) == code
    assert yongneng("user", "disable", "sec1", "--actor", actor) == code
    assert yongneng("user", "password", "sec1", "--actor", actor) == code

    with AuthStore.open(sqlite_url(home)) as store:
        assert [each.state for each in list_users(store)] == ["active", "active"]


def test_a_password_is_asked_for_twice_and_not_shown(home, yongneng):
    printed = yongneng(
        *("user", "add", "sec1", "--person", "person:SEC1", "--name", "张三"),
        typed=f"{RIGHT}\n{RIGHT}\n",
    )

    assert RIGHT not in printed
    assert can_sign_in(home, "sec1") is True


@pytest.mark.parametrize("line", [f"{RIGHT}\n", f"{RIGHT}\r\n", RIGHT, f"{RIGHT}\nmore\n"])
def test_a_password_is_one_line_whatever_ends_it(home, yongneng, line):
    yongneng(
        *("user", "add", "sec1", "--person", "person:SEC1", "--name", "张三", "--password-stdin"),
        typed=line,
    )

    assert can_sign_in(home, "sec1") is True


@pytest.mark.parametrize("line", ["", "\n", "short\n", b"\xff\xfe and twelve more\n", "a" * 9_000])
def test_a_line_that_is_no_password_adds_nobody(home, yongneng, line):
    code = yongneng(
        *("user", "add", "sec1", "--person", "person:SEC1", "--name", "张三", "--password-stdin"),
        typed=line,
    )

    assert code == "password_weak"
    with AuthStore.open(sqlite_url(home)) as store:
        assert list_users(store) == []


def test_a_user_is_disabled_enabled_and_given_a_password(home, yongneng, begun):
    assert "disabled" in yongneng("user", "disable", "sec2")
    assert can_sign_in(home, "sec2") == "credentials_invalid"
    assert "active" in yongneng("user", "enable", "sec2")
    assert "active" in yongneng(
        *("user", "password", "sec2", "--password-stdin"), typed="four grey herons\n"
    )
    assert can_sign_in(home, "sec2", "four grey herons") is True


def test_a_user_never_confirmed_is_taken_back(yongneng, begun):
    add(yongneng, "reg1", "person:REG1", "--actor", "person:SEC1")

    assert yongneng("user", "reject", "reg1") == "reg1 is taken back\n"
    assert yongneng("user", "reject", "sec1") == "user_not_new"


def test_users_are_listed_for_people_and_for_programs(yongneng, begun):
    shown = yongneng("user", "list")
    listed = json.loads(yongneng("user", "list", "--json"))

    assert shown == "sec1  active  person:SEC1  张三\nsec2  active  person:SEC2  李四\n"
    assert [(each["login"], each["state"]) for each in listed["users"]] == [
        ("sec1", "active"),
        ("sec2", "active"),
    ]
    assert "argon2" not in str(listed)


def test_a_persona_is_added_without_a_password_on_a_demonstration(home, yongneng):
    printed = yongneng(
        *("user", "add", "actor", "--person", "person:REG1", "--name", "示例", "--persona")
    )

    assert printed == "actor  active  person:REG1  示例\n"
    with AuthStore.open(sqlite_url(home)) as store:
        assert persona_in(store, "actor", NOW)


def test_a_live_ledger_has_no_personas(home, yongneng):
    engine = connect(sqlite_url(home))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE ledger SET purpose = 'live'"))
    engine.dispose()

    code = yongneng(
        *("user", "add", "actor", "--person", "person:REG1", "--name", "示例", "--persona")
    )

    assert code == "persona_on_live_ledger"


def test_there_are_no_users_without_a_ledger(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)

    found = CliRunner().invoke(cli, ["user", "list", "--data", str(tmp_path / "nowhere")])

    assert isinstance(found.exception, Refused)
    assert not (tmp_path / "nowhere").exists()


def test_keys_are_listed_and_revoked(home, yongneng, begun):
    with AuthStore.open(sqlite_url(home)) as store:
        key, token = request_key(
            store,
            person="person:SEC1",
            owner="enterprise:E1",
            label="下单程序",
            scopes=["orders:write"],
            allowed=["orders:write"],
            expires_at=NOW + 100 * DAY,
            now=NOW,
        )
        confirm_key(store, key.id, by="person:SEC2", now=NOW)

    shown = yongneng("keys", "list")
    listed = json.loads(yongneng("keys", "list", "--owner", "enterprise:E1", "--json"))["keys"]
    revoked = yongneng("keys", "revoke", key.id)

    # 2026-01-05 and 100 days: 26 more in January, 28, 31, and the 15th of April.
    assert "until 2026-04-15 10:00:00  下单程序" in shown
    assert (listed[0]["scopes"], listed[0]["owner"]) == (["orders:write"], "enterprise:E1")
    assert token[20:] not in shown + str(listed)
    assert revoked == f"{key.id}  revoked  下单程序\n"
    assert json.loads(yongneng("keys", "list", "--owner", "enterprise:E2", "--json"))["keys"] == []
    assert yongneng("keys", "revoke", "0" * 16) == "key_unknown"
