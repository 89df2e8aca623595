"""People who sign in, a quick argon2 that counts, and all that an auth store holds."""

import argon2
import sqlalchemy as sa

from api.auth.passwords import Passwords
from api.auth.tables import AuthBase
from api.auth.users import add_user, confirm_user

NOW = 1_767_578_400_000_000  # 2026-01-05 10:00 in Shanghai, in microseconds since 1970 UTC
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

RIGHT = "three quiet cranes"
WRONG = "three loud cranes!"
HERE = "192.0.2.7"


class CountingHasher:
    """Argon2 with little memory, counting what it is asked for."""

    def __init__(self, **parameters):
        settings = {"time_cost": 1, "memory_cost": 8, "parallelism": 1} | parameters
        self.real = argon2.PasswordHasher(**settings)
        self.verified = []
        self.hashed = 0

    def hash(self, password, *, salt):
        self.hashed += 1
        return self.real.hash(password, salt=salt)

    def verify(self, hash, password):
        self.verified.append(hash)
        return self.real.verify(hash, password)

    def check_needs_rehash(self, hash):
        return self.real.check_needs_rehash(hash)


def quick():
    return Passwords(CountingHasher())


def officers(store):
    """Add the first two users, both security officers."""
    for number, name in ((1, "张三"), (2, "李四")):
        add_user(
            store,
            f"sec{number}",
            person=f"person:SEC{number}",
            name=name,
            now=NOW,
            password=RIGHT,
        )


def active(store, login, person, *, password=RIGHT, name="王五"):
    """Add a user by one officer and confirm by the other."""
    add_user(store, login, person=person, name=name, now=NOW, by="person:SEC1", password=password)
    return confirm_user(store, login, person=person, by="person:SEC2", now=NOW)


def contents(store):
    """Return every row the store has, by table; attempts left out, which count refusals."""
    tables = [
        table
        for table in AuthBase.metadata.sorted_tables
        if table.name not in {"attempts", "secrets"}
    ]
    with store.engine.connect() as connection:
        return {
            table.name: connection.execute(sa.select(table).order_by(*table.primary_key)).all()
            for table in tables
        }
