"""user, keys: who may sign in, and the API keys of programs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
import sqlalchemy as sa

from api.auth.keys import ApiKey, list_keys, revoke_key
from api.auth.store import AuthStore
from api.auth.user import User
from api.auth.users import (
    HOST,
    add_user,
    confirm_user,
    disable_user,
    enable_user,
    list_users,
    reject_user,
    set_password,
)
from api.auth.visitor import grants_of
from api.options import data_option, existing, json_option
from api.program import database_url, wall_clock
from api.say import say_json
from ledger.days import text_of
from ledger.db import reading
from ledger.errors import Refused
from ledger.roles import RoleMissing, require_person
from ledger.subject import ANYWHERE, Role
from ledger.tables import LedgerRow

LINE_MAX = 4_096

_ACTOR = click.option(
    "--actor", default=HOST, help="The security officer who acts; the host if left out."
)
_OFFICER = click.option("--actor", required=True, help="The security officer who acts.")
_PERSON = click.option("--person", required=True, help="Whom it acts as, such as person:REG1.")
_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from one line.")


class PersonaOnLiveLedger(Refused):
    """A persona, who signs in without a password, was to be added beside a live ledger."""

    code = "persona_on_live_ledger"
    rule = "AUT-01"

    def __init__(self) -> None:
        super().__init__("this ledger is live and has no personas; add the user without --persona")


@click.group()
def user() -> None:
    """Say who may sign in, and as which person."""


@user.command("add")
@data_option
@click.argument("login")
@_PERSON
@click.option("--name", required=True, help="The person's name, as pages show it.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--persona", is_flag=True, help="A figure of a demonstration, without a password.")
@_ACTOR
@_STDIN
@json_option
def add(
    data: Path | None,
    login: str,
    person: str,
    name: str,
    language: str,
    persona: bool,
    actor: str,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Add the user LOGIN; except for the first two, another officer confirms."""
    with _store(data, actor, persona=persona) as store:
        added = add_user(
            store,
            login,
            person=person,
            name=name,
            now=wall_clock(),
            by=actor,
            password=None if persona else _password(password_stdin),
            persona=persona,
            language=language,
        )
    _say(added, as_json=as_json)


@user.command("list")
@data_option
@json_option
def list_all(data: Path | None, as_json: bool) -> None:
    """List every user, with whom it acts as and whether it may sign in."""
    with _store(data) as store:
        found = list_users(store)
    if as_json:
        say_json({"users": [_document(each) for each in found]})
        return
    for each in found:
        _say(each, as_json=False)


@user.command("confirm")
@data_option
@click.argument("login")
@_PERSON
@_OFFICER
@json_option
def confirm(data: Path | None, login: str, person: str, actor: str, as_json: bool) -> None:
    """Confirm what another officer has done to bind LOGIN to the person you name."""
    with _store(data, actor) as store:
        confirmed = confirm_user(store, login, person=person, by=actor, now=wall_clock())
    _say(confirmed, as_json=as_json)


@user.command("reject")
@data_option
@click.argument("login")
@_ACTOR
def reject(data: Path | None, login: str, actor: str) -> None:
    """Take back the user LOGIN, who was never confirmed."""
    with _store(data, actor) as store:
        reject_user(store, login)
    click.echo(f"{login} is taken back")


@user.command("disable")
@data_option
@click.argument("login")
@_ACTOR
@json_option
def disable(data: Path | None, login: str, actor: str, as_json: bool) -> None:
    """Shut the user LOGIN out at once, with every session and key."""
    with _store(data, actor) as store:
        _say(disable_user(store, login, by=actor, now=wall_clock()), as_json=as_json)


@user.command("enable")
@data_option
@click.argument("login")
@_ACTOR
@json_option
def enable(data: Path | None, login: str, actor: str, as_json: bool) -> None:
    """Let the disabled user LOGIN in again."""
    with _store(data, actor) as store:
        _say(enable_user(store, login), as_json=as_json)


@user.command("password")
@data_option
@click.argument("login")
@_ACTOR
@_STDIN
@json_option
def password(
    data: Path | None, login: str, actor: str, password_stdin: bool, as_json: bool
) -> None:
    """Set the password of LOGIN; beyond the first two users another officer then confirms."""
    with _store(data, actor) as store:
        text = _password(password_stdin)
        changed = set_password(store, login, text, by=actor, now=wall_clock())
    _say(changed, as_json=as_json)


@click.group()
def keys() -> None:
    """Look at the API keys of programs, and revoke them."""


@keys.command("list")
@data_option
@click.option("--owner", default=None, help="Only those of one owner, such as enterprise:E001.")
@json_option
def list_owned(data: Path | None, owner: str | None, as_json: bool) -> None:
    """List API keys, oldest first."""
    with _store(data) as store:
        found = list_keys(store, owner=owner)
    now = wall_clock()
    if as_json:
        say_json({"keys": [_key_document(each, now) for each in found]})
        return
    for each in found:
        click.echo(
            f"{each.id}  {each.state(now)}  {each.person}  {each.owner}"
            f"  until {text_of(each.expires_at)}  {each.label}"
        )


@keys.command("revoke")
@data_option
@click.argument("key_id")
@_ACTOR
@json_option
def revoke(data: Path | None, key_id: str, actor: str, as_json: bool) -> None:
    """Revoke the API key KEY_ID at once and for good."""
    with _store(data, actor) as store:
        revoked = revoke_key(store, key_id, by=actor)
    if as_json:
        say_json(_key_document(revoked, wall_clock()))
    else:
        click.echo(f"{revoked.id}  revoked  {revoked.label}")


@contextmanager
def _store(data: Path | None, actor: str = HOST, *, persona: bool = False) -> Iterator[AuthStore]:
    """Open the auth store of a ledger that is there, for an actor who may change it."""
    with existing(data) as engine, reading(engine) as connection:
        if actor != HOST:
            _require_officer(connection, actor)
        if persona and connection.execute(sa.select(LedgerRow.purpose)).scalar() == "live":
            raise PersonaOnLiveLedger
    with AuthStore.open(database_url(data)) as store:
        yield store


def _require_officer(connection: sa.Connection, actor: str) -> None:
    require_person(actor)
    if (Role.SECURITY, ANYWHERE) not in grants_of(connection, actor):
        raise RoleMissing(actor, kind="user", needed=Role.SECURITY, scope=ANYWHERE)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        # Bytes that are no UTF-8 are refused with the other texts that are none.
        line = sys.stdin.buffer.readline(LINE_MAX).decode("utf-8", "surrogateescape")
        return line.removesuffix("\n").removesuffix("\r")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _say(found: User, *, as_json: bool) -> None:
    if as_json:
        say_json(_document(found))
        return
    click.echo(f"{found.login}  {found.state}  {found.person}  {found.name}")


def _document(found: User) -> dict[str, object]:
    return asdict(found) | {"state": found.state}


def _key_document(found: ApiKey, now: int) -> dict[str, object]:
    return asdict(found) | {"scopes": sorted(found.scopes), "state": found.state(now)}


COMMANDS = {"user": user, "keys": keys}
