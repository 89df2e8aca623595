"""
What docs/api.md shows is so: every example on it is sent, in order, to the town.

In answers `…` stands for anything and `$name` for a value that later requests send; of JSON
objects a part is shown. `As: name` stands for the headers of a session.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.auth.users import add_user, confirm_user
from api.demo.personas import seat
from api.stream import stop_streams
from ledger.metering.consumption import Use
from ledger.metering.enroll import MeterLine, RegisterMeters
from ledger.metering.read import ReadingLine, RecordReadings
from ledger.parties.enroll import RegisterEnterprises
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from tests.api.rest.offices import sign
from tests.api.town import enterprise
from tests.build import (
    CLEARING,
    SECOND_CLEARING,
    SECOND_SECURITY,
    SECURITY,
)

PAGE = Path(__file__).resolve().parents[2] / "docs/api.md"
BLOCK = re.compile(r"^```http\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BEGINNING = re.compile(r"^(?=(?:GET|POST|DELETE) /)", re.MULTILINE)
HEADER = re.compile(r"[A-Z][A-Za-z-]+: ")
NAME = re.compile(r"\$([a-z_0-9]+)")
LINES_MAX = 250

PASSWORD = "three quiet cranes"
TRADER, ADMIN, COMPLIANCE = "person:T4", "person:A4", "person:C4"
PEOPLE = {
    "e4-trader": TRADER,
    "admin": ADMIN,
    "compliance": COMPLIANCE,
    "clearing_1": CLEARING,
    "clearing_2": SECOND_CLEARING,
}
STAFF = (
    Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E4"),
    Grant(ADMIN, Role.ENTERPRISE_ADMIN, "enterprise:E4"),
    Grant(COMPLIANCE, Role.ENTERPRISE_COMPLIANCE, "enterprise:E4"),
)


@dataclass(frozen=True)
class Message:
    """A request or an answer as the page shows it: first line, headers, body."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: str


def message(text):
    first, *lines = text.strip().splitlines()
    count = next((n for n, line in enumerate(lines) if not HEADER.match(line)), len(lines))
    headers = tuple(tuple(line.split(": ", 1)) for line in lines[:count])
    return Message(first, headers, "\n".join(lines[count:]))


def examples(text):
    """Return (request, answer) of every example of a page."""
    found = []
    for block in BLOCK.findall(text):
        for example in filter(None, BEGINNING.split(block)):
            request, answer = example.split("\nHTTP/1.1 ")
            found.append((message(request), message(answer)))
    return found


class Reader:
    """Follows the page: sends what it shows, with the values that were answered before."""

    def __init__(self, town):
        self.town = town
        self.client = town.app.test_client(use_cookies=False)
        self.values = {}

    def sign_in_all(self):
        """Let the people of the page in, each with a password, and sign in those it names."""
        for login, person in PEOPLE.items():
            user = login.replace("_", "-")
            add_user(
                self.town.auth,
                user,
                person=person,
                name=user,
                now=self.town.now,
                by=SECURITY,
                password=PASSWORD,
            )
            confirm_user(self.town.auth, user, person=person, by=SECOND_SECURITY, now=self.town.now)
            if login != "e4-trader":
                self._sign_in(login, user)

    def _sign_in(self, name, login):
        stranger = self.town.app.test_client()
        token = stranger.get("/api/v1/session").json["csrf_token"]
        body = {"login": login, "password": PASSWORD}
        answer = stranger.post("/api/v1/session", json=body, headers={"X-CSRFToken": token})
        self.values[name] = stranger.get_cookie("yongneng").value
        self.values[f"{name}_token"] = answer.json["csrf_token"]

    def follow(self, request, answer):
        """Send *request*, and see that what comes back is *answer*."""
        method, path = self.filled(request.first).split(" ")
        headers = self.headers(request)
        body = self.put_in(json.loads(request.body)) if request.body else None
        response = self.client.open(path, method=method, headers=headers, json=body, buffered=False)
        assert response.status == answer.first, f"{request.first}\n{response.get_data(True)}"
        for name, value in answer.headers:
            self.see_text(value, response.headers[name], name)
        if response.mimetype == "text/event-stream":
            self.see_events(answer.body, response)
        elif answer.body:
            self.see(json.loads(answer.body), response.json, "")
        response.close()

    def headers(self, request):
        headers = {name: self.filled(value) for name, value in request.headers}
        name = headers.pop("As", None)
        if name is not None:
            headers["Cookie"] = f"yongneng={self.values[name]}"
            headers["X-CSRFToken"] = self.values[f"{name}_token"]
        return headers

    def filled(self, text):
        return NAME.sub(lambda found: str(self.values[found[1]]), text)

    def put_in(self, value):
        """Return a JSON value with the names in it replaced by what they stand for."""
        if isinstance(value, dict):
            return {name: self.put_in(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.put_in(each) for each in value]
        whole = NAME.fullmatch(value) if isinstance(value, str) else None
        return self.values[whole[1]] if whole else value

    def see(self, shown, found, where):
        """See that *shown* is *found*, or a part of it, and take what it names."""
        if shown == "…":
            return
        if isinstance(shown, dict):
            assert isinstance(found, dict), f"{where}: {found}"
            assert set(shown) <= set(found), f"{where}: {found}"
            for name, each in shown.items():
                self.see(each, found[name], f"{where}/{name}")
        elif isinstance(shown, list):
            assert len(shown) == len(found) or shown == ["…"], f"{where}: {found}"
            for index, (each, other) in enumerate(zip(shown, found, strict=False)):
                self.see(each, other, f"{where}/{index}")
        elif isinstance(shown, str) and (whole := NAME.fullmatch(shown)):
            assert self.values.setdefault(whole[1], found) == found, where
        else:
            assert shown == found, f"{where}: {found}"

    def see_text(self, shown, found, where):
        """See that a header is as shown, and take what it names."""
        names = NAME.findall(shown)
        pattern = re.escape(shown).replace("…", ".*")
        for name in names:
            pattern = pattern.replace(re.escape(f"${name}"), f"(?P<{name}>[^;]+)")
        match = re.fullmatch(pattern, found)
        assert match, f"{where}: {found}"
        for name, value in match.groupdict().items():
            assert self.values.setdefault(name, value) == value, where

    def see_events(self, shown, response):
        """See that a stream begins with the events shown, in their order."""
        told = (event_of(block.decode()) for block in response.iter_encoded())
        events = (event for event in told if "event" in event)  # not what only keeps it alive
        for wanted, found in zip(map(event_of, shown.split("\n\n")), events, strict=False):
            assert set(wanted) <= set(found)
            assert wanted["event"] == found["event"]
            self.see(json.loads(wanted["data"]), json.loads(found["data"]), wanted["event"])


def event_of(text):
    return dict(line.split(": ", 1) for line in text.strip().splitlines())


def settle_e4(bench):
    """Let a fourth enterprise come to town, which has read its meter up to October."""
    bench.do(RegisterEnterprises(rows=(enterprise(("E4", "990101", "TEXTILE")),))).require()
    bench.both(GrantRoles(grants=STAFF), maker=SECURITY, checker=SECOND_SECURITY).require()
    meter = MeterLine("E4-M1", "E4", "coal", "kg", Use.CONSUMED, "2024-12", "100")
    bench.do(RegisterMeters(rows=(meter,))).require()
    rows = tuple(
        ReadingLine("E4-M1", f"2025-{month:02}", str(100 + 40 * month), "kg")
        for month in range(1, 11)
    )
    bench.do(RecordReadings(rows=rows)).require()


@pytest.fixture
def reader(faced):
    """Somebody at the first line of the page."""
    settle_e4(faced.bench)
    reader = Reader(faced)
    reader.sign_in_all()
    _, reader.values["public_key"] = sign(faced)
    yield reader
    stop_streams(faced.app)


@pytest.mark.slow
def test_every_example_of_the_page_is_answered_as_shown(reader):
    found = examples(PAGE.read_text(encoding="utf-8"))
    assert len(found) > 15

    for request, answer in found:
        if request.first.endswith("/receipt"):
            sign(reader.town)  # as the writer's process does once a minute
        reader.follow(request, answer)


def test_a_persona_is_let_in_by_the_same_two_headers(faced):
    seat(faced.auth)
    client = faced.app.test_client()
    token = client.get("/api/v1/session").json["csrf_token"]

    answer = client.post("/personas/trader-gap", headers={"X-CSRFToken": token})

    assert answer.status_code == 302, answer.text
    session = client.get("/api/v1/session").json
    assert session["person"] == "person:AS-CEM-02-T"
    assert session["csrf_token"] not in ("", token)


def test_the_page_stays_short_enough_to_be_read():
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= LINES_MAX


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ({"a": "1"}, {"a": "2"}),
        ({"a": 1}, {"a": "1"}),
        ({"a": "1"}, {}),
        (["1"], ["1", "2"]),
        (["…"], []),
        ({"a": {"b": "1"}}, {"a": "b"}),
        (["$same", "$same"], ["1", "2"]),
    ],
)
def test_an_answer_that_differs_is_noticed(faced, shown, found):
    if shown == ["…"]:
        Reader(faced).see(shown, found, "")
        return
    with pytest.raises(AssertionError):
        Reader(faced).see(shown, found, "")
