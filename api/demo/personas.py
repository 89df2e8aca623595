"""
Personas: the people of the demonstration that a visitor can become without a password.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from api.auth.store import AuthStore
from api.auth.user import LoginTaken
from api.auth.users import add_user, list_users
from api.demo.stage import DEMO
from api.program import wall_clock


@dataclass(frozen=True, slots=True)
class Persona:
    """
    One person of the demonstration.

    *about* says for whom the person works, *try* what a visitor could do; *home* is a path.
    """

    login: str
    person: str
    name_zh: str
    name_en: str
    role_zh: str
    role_en: str
    about_zh: str
    about_en: str
    try_zh: str
    try_en: str
    home: str


@cache
def personas() -> tuple[Persona, ...]:
    """Return all of them, in the order in which a visitor is shown them."""
    listed = tomllib.loads((DEMO / "personas.toml").read_text(encoding="utf-8"))["persona"]
    return tuple(Persona(**item) for item in listed)


def seat(store: AuthStore, *, clock: Callable[[], int] = wall_clock) -> int:
    """
    Add the personas that are not there yet to the auth store, and return how many were added.

    *clock* gives the time of sign-in, which is the wall's. Only for a demonstration ledger: there
    nobody needs a password. Refuses `login_taken` where a login is somebody else's.
    """
    known = {user.login: user for user in list_users(store)}
    added = 0
    for one in personas():
        user = known.get(one.login)
        if user is None:
            add_user(
                store, one.login, person=one.person, name=one.name_zh, now=clock(), persona=True
            )
            added += 1
        elif (user.person, user.is_persona) != (one.person, True):
            raise LoginTaken(one.login)
    return added
