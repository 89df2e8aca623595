"""
The bad-input catalogue over HTTP: each is told its code, in both languages, the same again, without
anything of the inside, and nothing has changed. The cases are tests/vectors/http_bad_input.toml.
"""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from api.app import create_app
from api.auth.keys import confirm_key, request_key
from api.settings import Settings
from ledger.roles import RevokeRole
from tests.api.permitted_town import A1, C1, T1, permitted_town
from tests.api.rest.test_orders import ORDER
from tests.build import SECURITY
from tests.conftest import fresh_engine
from tests.demo_files import toml

ROOT = Path(__file__).parents[2]
TABLE = toml(ROOT / "tests" / "vectors" / "http_bad_input.toml")
BASE, CASES, ELSEWHERE, LATER = (TABLE[each] for each in ("base", "case", "elsewhere", "later"))
BYTES_MAX = 4096
HOUSE = re.escape(str(ROOT))
INSIDE = re.compile(rf"Traceback|File \"|SELECT |INSERT |sqlite|psycopg|sqlalchemy|{HOUSE}|\.py\b")

MADE = {
    "a MiB and a byte": b'{"instrument": "' + b"x" * ((1 << 20) + 1 - 18) + b'"}',
    "ten thousand deep": b"[" * 10_000 + b"]" * 10_000,
    "thirty-three deep": b"[" * 33 + b"]" * 33,
    "not UTF-8": b'{"instrument": "EN-25\xff"}',
}
MADE_HEADERS = {
    "a key of 300": {"Idempotency-Key": "k" * 300},
    "101 fields": {f"X-Field-{number}": "1" for number in range(101)},
    "500 fields": {f"X-Field-{number}": "1" for number in range(500)},
    "64 KiB": {"X-Field": "x" * 65_536},
}


@pytest.fixture(scope="module")
def sqlite_town(request, tmp_path_factory):
    for engine in fresh_engine(request, "sqlite", tmp_path_factory.mktemp("bad")):
        for town in permitted_town(engine):
            yield ready(town)


@pytest.fixture(scope="module")
def postgres_town(request, tmp_path_factory):
    for engine in fresh_engine(request, "postgresql", tmp_path_factory.mktemp("bad")):
        for town in permitted_town(engine):
            yield ready(town)


@pytest.fixture
def town(sqlite_engine):
    """A town of its own, for what does change something."""
    yield from permitted_town(sqlite_engine)


def ready(town):
    """Let everybody come whom a case names, one key for reading and one proposal approved."""
    town.let_come()
    town.everybody, town.before = {}, None
    paying = {"enterprise": "E1", "year": 2025, "measure": "energy", "amount": "10"}
    proposed = town.post(town.visit(C1), "/api/v1/surrenders", paying).json["result"]
    version = {"If-Match": f'"{proposed["payload_hash"]}"', "Idempotency-Key": "yes"}
    path = f"/api/v1/proposals/{proposed['proposal']}/approvals"
    assert town.visit(A1).post(path, headers=version).status_code == 201
    town.things["the approved"] = proposed["proposal"]
    return town


def client_of(town, name):
    """Return the client of whom a case calls *name*, the same for all its requests."""
    if name not in town.everybody:
        town.before = None
        if name == "the expired":
            town.everybody[name] = town.come_in["ET", "expired"]
        elif name == "the reading key":
            town.everybody[name] = town.app.test_client()
            bearer = f"Bearer {reading_key(town)}"
            town.everybody[name].environ_base["HTTP_AUTHORIZATION"] = bearer
        else:
            town.everybody[name] = town.come(name)
    return town.everybody[name]


def reading_key(town):
    day = 86_400_000_000
    key, token = request_key(
        town.auth,
        person=T1,
        owner="enterprise:E1",
        label="reader",
        scopes=["read"],
        allowed=("read", "write"),
        expires_at=town.now + day,
        now=town.now,
    )
    confirm_key(town.auth, key.id, by=A1, now=town.now)
    return token


def body_of(case):
    """Return the bytes of a case's body, or None where it has none."""
    if "raw" in case:
        return case["raw"].encode()
    if "made" in case:
        return MADE[case["made"]]
    if "body" not in case and "base" not in case:
        return None
    body = case.get("body") or {**BASE[case["base"]], **case.get("change", {})}
    body.pop(case.get("without"), None)
    return json.dumps(body, ensure_ascii=False).encode()


def path_of(town, path):
    for name, value in town.things.items():
        path = path.replace(name, str(value))
    return f"/api/v1{path}"


class Sender:
    """One case, sent the same way each time."""

    def __init__(self, town, case):
        self.town, self.case = town, case
        self.key = f"case-{CASES.index(case)}"
        self.client = client_of(town, case.get("as", T1))
        self.path = path_of(town, case.get("path", "/orders"))

    def headers(self, language):
        found = {"Accept-Language": language, "Content-Type": "application/json"}
        found |= {"Idempotency-Key": self.key, **self.case.get("headers", {})}
        found |= MADE_HEADERS.get(self.case.get("made_header"), {})
        for name in self.case.get("drop", ()):
            found.pop(name, None)
        return found

    def send(self, language="zh", body=None):
        """Send the case, or *body* the same way, and return the answer."""
        kept = dict(self.client.environ_base)
        if "X-CSRFToken" in self.case.get("drop", ()):
            self.client.environ_base.pop("HTTP_X_CSRFTOKEN")
        try:
            return self.client.open(
                self.path,
                method=self.case.get("method", "POST"),
                query_string=self.case.get("query"),
                data=body_of(self.case) if body is None else json.dumps(body),
                headers=self.headers(language),
            )
        finally:
            self.client.environ_base.clear()
            self.client.environ_base.update(kept)


class Approver:
    """A case that is refused when a second person approves it."""

    def __init__(self, town, case):
        self.town, self.case = town, case
        sender = Sender(town, case)
        proposed = sender.send()
        assert proposed.status_code == 202, proposed.text
        told = proposed.json["result"]
        self.version = f'"{told["payload_hash"]}"'
        self.client = client_of(town, case["checker"])
        self.path = f"/api/v1/proposals/{told['proposal']}/approvals"
        self.key = f"{sender.key}-approved"

    def send(self, language="zh"):
        """Approve, and return the answer."""
        headers = {"Accept-Language": language, "If-Match": self.version}
        return self.client.post(self.path, headers={**headers, "Idempotency-Key": self.key})


def require_refused(town, case):
    sender = (Approver if "checker" in case else Sender)(town, case)
    if "first" in case:
        accepted = sender.send(body=case["first"])
        assert accepted.status_code == 201, accepted.text
    # What no case changes need not be read again before each.
    if town.before is None or {"first", "checker"} & case.keys():
        town.before = town.digest(), town.store_digest()

    first = sender.send()

    assert first.status_code == case["status"], first.text
    assert first.content_type == "application/problem+json"
    assert first.json["code"] == case["code"], first.text
    assert len(first.data) <= BYTES_MAX
    assert not INSIDE.search(first.text), first.text
    told_by_sender = json.dumps(case) + sender.path
    for other in {"E2", "E3"} - set(re.findall(r"E[23]", told_by_sender)):
        assert not re.search(rf"\b{other}\b", first.text), first.text
    assert same(sender.send(), first)
    english = sender.send("en")
    assert (english.status_code, english.json["code"]) == (case["status"], case["code"])
    assert english.json["title"].isascii()
    assert not first.json["title"].isascii()
    assert (town.digest(), town.store_digest()) == town.before


def same(one, other):
    """Return whether two answers differ in nothing but the name of the request."""
    apart = {"request_id"}
    told = [{name: each.json[name] for name in each.json.keys() - apart} for each in (one, other)]
    return told[0] == told[1] and one.status_code == other.status_code


def each(cases):
    return [pytest.param(case, id=f"{case['number']}-{case['input']}") for case in cases]


@pytest.mark.parametrize("case", each(CASES))
def test_what_cannot_be_taken_is_refused_and_changes_nothing(sqlite_town, case):
    require_refused(sqlite_town, case)


@pytest.mark.postgres
@pytest.mark.parametrize("case", each(case for case in CASES if case.get("postgres")))
def test_what_cannot_be_taken_is_refused_on_postgresql_too(postgres_town, case):
    require_refused(postgres_town, case)


# The table.


def test_every_number_of_the_catalogue_is_somewhere():
    numbers = {case["number"] for table in (CASES, ELSEWHERE, LATER) for case in table}

    assert numbers == {*map(str, range(1, 101)), "96b"}


def test_what_is_not_there_yet_is_not_tested_either():
    there = {case["number"] for case in (*CASES, *ELSEWHERE)}

    assert {case["number"] for case in LATER} & there == set()


@pytest.mark.parametrize("case", each(ELSEWHERE))
def test_what_is_proved_elsewhere_is_proved_there(case):
    path, _, name = case["test"].partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")

    assert f'name = "{name}"' in text or f"def {name}(" in text


# What takes more than one request.


def test_the_same_key_of_another_person_is_another_command(town):
    body = {"enterprise": "E1", "asset": "energy.flow.general.2025.eq.990101"}
    body |= {"amount": "1", "purpose": "自留"}
    trader, admin = town.visit(T1), town.visit(A1)

    one = town.post(trader, "/api/v1/holds", body, key="mine")
    other = town.post(admin, "/api/v1/holds", body, key="mine")

    assert (one.status_code, other.status_code) == (201, 201)
    assert one.json["command_id"] != other.json["command_id"]
    assert "Idempotency-Replayed" not in other.headers


@pytest.mark.parametrize("text", ["' OR 1=1--", "%", "_", "\\", "E_", "%' ESCAPE '%"])
@pytest.mark.parametrize("path", ["/orders?instrument", "/orders?enterprise", "/accounts?prefix"])
def test_sql_and_wildcards_in_a_filter_are_only_letters(sqlite_town, path, text):
    path, _, name = path.partition("?")
    client = client_of(sqlite_town, "person:AUD")

    answer = client.get(f"/api/v1{path}", query_string={name: text})

    assert answer.status_code == 200, answer.text
    assert answer.json["items"] == []


def test_an_approver_who_has_lost_the_role_approves_nothing(town):
    admin, proposal = town.visit(A1), town.things["the proposal"]
    over = RevokeRole(person=A1, role="enterprise_admin", scope="enterprise:E1")
    town.bench.do(over, actor=SECURITY).require()
    headers = {"If-Match": town.things["the version"], "Idempotency-Key": "late"}
    before = town.digest()

    answer = admin.post(f"/api/v1/proposals/{proposal}/approvals", headers=headers)

    assert (answer.status_code, answer.json["code"]) == (403, "not_permitted")
    assert town.digest() == before


def test_more_requests_than_a_minute_has_are_told_to_wait(sqlite_town):
    app = create_app(replace(sqlite_town.faces, settings=Settings(requests_per_minute=3)))
    client = app.test_client()

    answers = [client.get("/api/v1/health") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json["code"] == "rate_limited"
    assert int(answers[3].headers["Retry-After"]) > 0


def test_forwarded_headers_from_outside_are_not_believed(sqlite_town):
    client = client_of(sqlite_town, T1)
    forged = {
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "host=evil.example",
    }

    plain = client.get("/api/v1/orders?limit=1")
    answer = client.get("/api/v1/orders?limit=1", headers=forged)

    assert (answer.status_code, answer.json) == (200, plain.json)
    assert "evil" not in answer.text + str(answer.headers)
    assert answer.headers.get("Link") == plain.headers.get("Link")


def test_the_order_of_the_catalogue_is_one_the_market_would_take(town):
    # Without its fault the base document is accepted, or the faults above would prove nothing.
    assert ORDER.keys() == BASE["order"].keys()

    answer = town.post(town.visit(T1), "/api/v1/orders", BASE["order"])

    assert answer.status_code == 201, answer.text
