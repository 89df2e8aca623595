"""Guests of the faces: a town behind an application, and people who come to its door."""

from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from api.app import create_app
from api.auth.sign_in import persona_in
from api.auth.store import AuthStore
from api.auth.users import add_user
from api.faces import EXTENSION, Faces
from api.settings import Settings
from api.stream import EXTENSION as STREAMS
from api.stream import stop_streams
from tests.api.town import open_town

CSRF = "0" * 40
NOW = 1_800_000_000_000_000
"""The wall clock of the faces; the ledger's own time is the town's."""


class BenchGateway:
    """The gateway to a ledger under test."""

    def __init__(self, bench):
        self.bench = bench
        self.subjects = bench.subjects

    def outcomes(self, commands):
        return self.bench.writer.outcomes(commands)

    def tick(self):
        self.bench.writer.tick()

    def now(self):
        return self.bench.clock()

    def require_writer(self):
        """The bench's writer is always there."""

    @property
    def stopped(self):
        return self.bench.writer.stopped


_APPS = []
"""One application a test process: it is slow to build, and each town puts itself behind it."""


def app_of(faces):
    """Return the application with *faces* behind it; other settings take one of their own."""
    if faces.settings != Settings():
        return create_app(faces)
    if not _APPS:
        _APPS.append(create_app(faces))
    app = _APPS[0]
    app.extensions[EXTENSION] = faces
    app.config["SECRET_KEY"] = faces.auth.secret("cookies")
    for limiter in app.extensions["limiter"]:
        limiter.reset()
    return app


class Town:
    """
    A town, its application, and clients for whoever comes.

    *visit* gives a client who is signed in as a person; "" is the public. *digest* is the ledger's.
    """

    shares_app = True
    """Whether it lives for one test only, and may borrow the application the others had."""

    def __init__(self, engine, clock, *, open=open_town, settings=None):
        self.bench = open(engine, clock)
        url = engine.url.render_as_string(hide_password=False)
        self.auth = AuthStore.open(url)
        self.now = NOW
        self.faces = Faces(
            gateway=BenchGateway(self.bench),
            engine=engine,
            auth=self.auth,
            settings=settings or Settings(),
            clock=lambda: self.now,
        )
        self.app: Flask = app_of(self.faces) if self.shares_app else create_app(self.faces)
        self.keys = iter(range(1, 1_000_000))

    def visit(self, person=""):
        client = self.app.test_client()
        if not person:
            return client
        login = person.removeprefix("person:").lower()
        try:
            token = persona_in(self.auth, login, self.now)
        except Exception:
            add_user(self.auth, login, person=person, name=person, now=self.now, persona=True)
            token = persona_in(self.auth, login, self.now)
        with client.session_transaction() as session:
            session["token"] = token
            session["csrf_token"] = CSRF
        signer = URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token")
        client.environ_base["HTTP_X_CSRFTOKEN"] = signer.dumps(CSRF)
        return client

    def post(self, client, path, body, *, key=None):
        """Send one write under a fresh key, unless one is given."""
        headers = {"Idempotency-Key": key or f"k{next(self.keys)}"}
        return client.post(path, json=body, headers=headers)

    def digest(self):
        return self.bench.digest()

    def close(self):
        stop_streams(self.app)
        self.app.extensions.pop(STREAMS, None)
        self.auth.close()
