"""What a user is, what a login looks like, and why a user is refused."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

from api.auth.tables import UserRow
from ledger.errors import Refused

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}[a-z0-9]", re.ASCII)
NAME_MAX = 60
LANGUAGES = ("zh", "en")
COLUMNS = tuple(UserRow.__table__.columns)


@dataclass(frozen=True, slots=True)
class User:
    """One login, the person it acts as, and whether it may sign in now."""

    login: str
    person: str
    name: str
    language: str
    is_persona: bool
    has_password: bool
    added_at: int
    proposed_by: str
    confirmed_by: str | None
    confirmed_at: int | None
    disabled_by: str | None

    @property
    def is_pending(self) -> bool:
        """Return whether a second person has yet to confirm."""
        return self.confirmed_by is None

    @property
    def state(self) -> Literal["active", "pending", "disabled"]:
        """Return the state as it is shown."""
        if self.disabled_by is not None:
            return "disabled"
        return "pending" if self.is_pending else "active"


class UserMalformed(Refused):
    """A login, a name or a language does not have the form it must have."""

    code = "user_malformed"
    rule = "AUT-01"

    def __init__(self, field: str, accepted: str) -> None:
        super().__init__(f"{field} must be {accepted}", field=field, accepted=accepted)


class UserUnknown(Refused):
    """There is no user of this login."""

    code = "user_unknown"
    rule = "AUT-01"

    def __init__(self, login: str) -> None:
        super().__init__(
            f"there is no user {login[:64]!r}; look at the list of users", login=login[:64]
        )


class LoginTaken(Refused):
    """Another user has this login."""

    code = "login_taken"
    rule = "AUT-01"

    def __init__(self, login: str) -> None:
        super().__init__(f"{login} is the login of a user already; choose another", login=login)


class PersonTaken(Refused):
    """The person has a login already."""

    code = "person_taken"
    rule = "AUT-01"

    def __init__(self, person: str) -> None:
        super().__init__(f"{person} has a login already; a person has one", person=person)


class PersonaHasNoPassword(Refused):
    """A persona of a demonstration signs in without a password and never has one."""

    code = "persona_has_no_password"
    rule = "AUT-01"

    def __init__(self, login: str) -> None:
        super().__init__(
            f"{login} is a persona of a demonstration and has no password; add a user for a person",
            login=login,
        )


class OnlyHostBegins(Refused):
    """The command line of the host makes the first users alone, and no others."""

    code = "host_only_begins"
    rule = "AUT-02"

    def __init__(self, first_users: int) -> None:
        super().__init__(
            f"the host alone adds the first {first_users} users; name the security officer who "
            "adds this one, and have another confirm",
            first_users=first_users,
        )


class UserNotPending(Refused):
    """Nothing about this user waits for a second person."""

    code = "user_not_pending"
    rule = "AUT-02"

    def __init__(self, login: str) -> None:
        super().__init__(f"nothing about {login} waits for confirmation", login=login)


class UserNotNew(Refused):
    """A user who was confirmed once is disabled, not taken back."""

    code = "user_not_new"
    rule = "AUT-02"

    def __init__(self, login: str) -> None:
        super().__init__(
            f"{login} was confirmed once and is part of the record; disable it instead",
            login=login,
        )


class UserChanged(Refused):
    """The login is not that of the person whom the confirmer named."""

    code = "user_changed"
    rule = "AUT-02"

    def __init__(self, login: str) -> None:
        super().__init__(
            f"{login} does not act as the person you named; read it again", login=login
        )


def normal_login(login: str) -> str:
    """Return a login as it is kept, however it was typed."""
    return unicodedata.normalize("NFKC", login).strip().lower()


def user_of(row: Any) -> User:
    """Return the user of a row of COLUMNS."""
    return User(
        login=row.login,
        person=row.person,
        name=row.name,
        language=row.language,
        is_persona=bool(row.is_persona),
        has_password=row.password_hash is not None,
        added_at=row.added_at,
        proposed_by=row.proposed_by,
        confirmed_by=row.confirmed_by,
        confirmed_at=row.confirmed_at,
        disabled_by=row.disabled_by,
    )
