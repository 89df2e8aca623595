"""
Every cell of the permission matrix, at the door and at the writer: what it denies is denied,
changes nothing and tells nothing; what it allows is not kept out.
"""

import json
import re
from dataclasses import replace
from threading import Barrier, Thread

import pytest

from api.app import create_app
from api.matrix import PUBLIC, ROLES, Matrix
from ledger.roles import Grant, GrantRoles, RevokeRole
from ledger.subject import VERB_DECIDES
from tests.api.permitted_town import PEOPLE, permitted_town
from tests.api.requests_table import AREAS, MATRIX, SUBJECTS, TABLE, of_area, of_things, requests_of
from tests.build import SECOND_SECURITY, SECURITY
from tests.conftest import fresh_engine


@pytest.fixture(scope="module")
def sqlite_town(request, tmp_path_factory):
    for engine in fresh_engine(request, "sqlite", tmp_path_factory.mktemp("permitted")):
        for town in permitted_town(engine):
            yield town_with_clients(town)


@pytest.fixture(scope="module")
def postgres_town(request, tmp_path_factory):
    for engine in fresh_engine(request, "postgresql", tmp_path_factory.mktemp("permitted")):
        for town in permitted_town(engine):
            yield town_with_clients(town)


@pytest.fixture
def town(sqlite_engine):
    """A town of its own, for what does change something."""
    yield from permitted_town(sqlite_engine)


def town_with_clients(town):
    town.let_come()
    town.requests = {each.endpoint: each for each in requests_of(town.app)}
    town.before = (town.digest(), town.store_digest())
    return town


def in_area(town, area):
    return [each for each in town.requests.values() if of_area(each.endpoint) == area]


# The table.


def test_every_route_has_an_example_and_every_example_a_route(sqlite_town):
    without = [name for name, each in sqlite_town.requests.items() if not each.is_complete]
    unused = TABLE.keys() - sqlite_town.requests.keys()

    assert without == []
    assert unused == set()
    assert sqlite_town.requests.keys() == MATRIX.routes.keys()


def test_every_example_of_a_write_is_wellformed(sqlite_town):
    # A malformed one would be refused for its form, and prove nothing about permissions.
    malformed = {}
    for each in sqlite_town.requests.values():
        if each.writes and not each.is_page and "body" in each.row:
            errors = schema_errors(sqlite_town, each)
            if errors:
                malformed[each.endpoint] = errors

    assert malformed == {}


def schema_errors(town, request):
    view = town.app.view_functions[request.endpoint]
    arguments = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    bodies = [each["schema"] for each in arguments if each["in"] == "json"]
    return bodies[0]().validate(of_things(town, request.row["body"])) if bodies else {}


def test_a_route_without_a_row_keeps_the_application_from_starting(sqlite_town):
    routes = {name: number for name, number in MATRIX.routes.items() if name != "orders.place"}
    short = Matrix(MATRIX.operations.values(), routes)

    with pytest.raises(AssertionError, match=r"orders\.place"):
        create_app(replace(sqlite_town.faces, matrix=short))


def test_a_row_without_a_route_keeps_the_application_from_starting(sqlite_town):
    long = Matrix(MATRIX.operations.values(), {**MATRIX.routes, "orders.amend": 1})

    with pytest.raises(AssertionError, match=r"orders\.amend"):
        create_app(replace(sqlite_town.faces, matrix=long))


# What is denied.


@pytest.mark.parametrize("area", AREAS)
def test_what_the_matrix_denies_is_denied_and_changes_nothing(sqlite_town, area):
    for request in in_area(sqlite_town, area):
        require_denied(sqlite_town, request)
        require_own_only(sqlite_town, request)
    assert (sqlite_town.digest(), sqlite_town.store_digest()) == sqlite_town.before


@pytest.mark.postgres
def test_every_tenth_denial_on_postgresql_too(postgres_town):
    for request in list(postgres_town.requests.values())[::10]:
        require_denied(postgres_town, request)
        require_own_only(postgres_town, request)
    assert (postgres_town.digest(), postgres_town.store_digest()) == postgres_town.before


def require_denied(town, request):
    """See that nobody passes without the role, with a role that is over, or after the session."""
    before = town.commands()
    for short in (*ROLES, PUBLIC):
        if not request.is_for(short):
            expect_no_entry(town, request, (short, "own"), "not_permitted")
        if short != PUBLIC and request.is_for(short):
            expect_no_entry(town, request, (short, "expired"), "session_invalid")
        if short != PUBLIC and not request.operation.is_public and request.is_for(short):
            expect_no_entry(town, request, (short, "revoked"), "not_permitted")
    assert town.commands() == before


def expect_no_entry(town, request, who, code):
    if who[0] == PUBLIC:
        code = "not_signed_in"
    for method in request.methods:
        answer = request.send(town, town.come_in[who], method)
        told = (request.endpoint, method, who, answer.status_code, answer.text[:300])
        if request.is_page:
            if code == "not_permitted":
                assert answer.status_code == 403, told
            else:
                assert answer.status_code == 302, told
                assert answer.location.startswith("/sign-in"), told
                town.tell_again(who)
            continue
        assert answer.content_type == "application/problem+json", told
        assert answer.json["code"] == code, told
        assert answer.status_code == (403 if code == "not_permitted" else 401), told


def require_own_only(town, request):
    """See that who may do a thing for others' enterprises or districts does nothing for E1."""
    for who in PEOPLE:
        if who[1] == "own" or not request.is_narrow(who[0]):
            continue
        if who[0] == "VE" and "engaged" in request.row:
            continue
        for method in request.methods:
            answer = request.send(town, town.come_in[who], method)
            told = (request.endpoint, method, who, answer.status_code, answer.text[:300])
            if "everybody" in request.row:
                assert answer.status_code < 500, told
            elif method == "GET":
                expect_hidden(town, request, who, answer, told)
            else:
                assert is_refusal(request, answer), told


def is_refusal(request, answer):
    """Return whether a write was refused; some pages tell it after a redirect."""
    # That nothing was done in such a case is what the digest says.
    return 400 <= answer.status_code < 500 or (request.is_page and answer.status_code == 303)


def expect_hidden(town, request, who, answer, told):
    """See that E1's thing is not there for these eyes, or that a list has none of E1's."""
    if answer.status_code == 404:
        absent = request.send(town, town.come_in[who], "GET", absent=True)
        assert absent.status_code == 404, told
        assert without_names(answer) == without_names(absent), told
        return
    if answer.status_code == 302:
        assert "E1" not in answer.location, told
        return
    assert answer.status_code == 200, told
    if answer.is_json:
        shown = json.dumps(answer.json.get("items", answer.json))
    else:
        shown = re.sub(r"<(script|style|nav).*?</\1>", "", answer.text, flags=re.DOTALL)
    if who[1] == "other" and who[0] == "VE":
        assert not re.search(r'"enterprise": "E1"', shown), told
        return
    assert not re.search(r"\bE1\b", shown), (*told, re.search(r".{60}\bE1\b.{60}", shown))


def without_names(answer):
    """Return a refusal without what names the request."""
    if answer.is_json:
        left = dict(answer.json)
        del left["request_id"], left["instance"]
        return left
    # A page also tells, once, what became of the form sent before.
    text = re.sub(r'<div class="alert.*?</div>', "", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+|[0-9a-f]{16}|nonce-\S+|back=\S+|value=\S+|/[\w/:%.-]+", "", text)


# What is allowed.


@pytest.mark.parametrize("area", AREAS)
def test_what_the_matrix_allows_is_not_kept_out(sqlite_allowing, area):
    for request in in_area(sqlite_allowing, area):
        for short in (*ROLES, PUBLIC):
            if request.is_for(short):
                require_let_in(sqlite_allowing, request, short)


@pytest.fixture(scope="module")
def sqlite_allowing(request, tmp_path_factory):
    """Another town, since what is allowed may change it."""
    for engine in fresh_engine(request, "sqlite", tmp_path_factory.mktemp("allowing")):
        for town in permitted_town(engine):
            yield town_with_clients(town)


def require_let_in(town, request, short):
    client = town.come_in[short, "own"]
    for method in request.methods:
        if request.row.get("fresh"):
            client = town.come(PEOPLE[short, "own"])
        answer = request.send(town, client, method)
        told = (request.endpoint, method, short, answer.status_code, answer.text[:300])
        assert answer.status_code < 500, told
        if method == "GET" or request.is_made_by(short) or not request.writes:
            refusing = {401, 403} - set(request.row.get("also", ()))
            if method == "GET" and not request.is_made_by(short):
                refusing = {401, 403}
            assert answer.status_code not in refusing, told
        elif "everybody" not in request.row:
            # Through the door, for the operation is theirs; the command is another role's.
            assert is_refusal(request, answer), told


# That the tests above see what they should.


def test_a_wider_matrix_is_noticed(sqlite_town):
    wider = {**MATRIX.operations}
    cells = wider[88].cells
    wider[88] = replace(wider[88], cells={**cells, str(ROLES["XO"]): cells[str(ROLES["AU"])]})
    planted = Matrix(wider.values(), MATRIX.routes)
    town = sqlite_town
    app, town.app = town.app, create_app(replace(town.faces, matrix=planted))
    try:
        client = town.visit(PEOPLE["XO", "own"])
    finally:
        town.app = app
    kept, town.come_in["XO", "own"] = town.come_in["XO", "own"], client
    try:
        with pytest.raises(AssertionError, match=r"entries\.index"):
            require_denied(town, town.requests["entries.index"])
    finally:
        town.come_in["XO", "own"] = kept


def test_most_things_with_a_path_of_their_own_do_exist(sqlite_town):
    # Otherwise hidden and absent would look alike for want of anything to hide.
    absent = set()
    for request in sqlite_town.requests.values():
        if request.methods == ["GET"] and request.parts and request.is_narrow("EC"):
            answer = request.send(sqlite_town, sqlite_town.come_in["EC", "own"], "GET")
            if answer.status_code != 200:
                absent.add(request.endpoint)

    # A closing takes the passing of a deadline, which would end much else of the town; a district's
    # page of allocations, its headroom and what is asked of it are not for its enterprises.
    districts = {"authority.allocation", "gates.show_asks", "indicators.show_headroom"}
    assert absent <= {"closings.show", *districts}, absent


# The matrix and the writer.


def makers_and_checkers(kind):
    """Return who, by all operations of the matrix that name a command, makes and who checks it."""
    cells = [
        (role, cell)
        for operation in MATRIX.operations.values()
        if kind in operation.kinds
        for role, cell in operation.cells.items()
    ]
    return {role for role, cell in cells if cell.makes}, {
        role for role, cell in cells if cell.checks
    }


def differing():
    """Return the numbers of operations with a command that the ledger lets others send."""
    found = set()
    for kind, handler in SUBJECTS.handlers.items():
        if handler.makers == VERB_DECIDES:
            continue
        told = (set(map(str, handler.makers)), set(map(str, handler.checkers)))
        if told != makers_and_checkers(kind):
            found |= {each.number for each in MATRIX.operations.values() if kind in each.kinds}
    return found


def test_matrix_and_writer_agree_or_the_matrix_says_why_not():
    explained = {each.number for each in MATRIX.operations.values() if each.differs}

    assert differing() - explained == set(), "differ without a reason"
    assert explained - differing() == set(), "give a reason without a difference"


def test_every_command_has_an_operation_and_every_named_command_exists():
    named = {kind for each in MATRIX.operations.values() for kind in each.kinds}

    # The clock's own command is nobody's to send.
    assert named == SUBJECTS.handlers.keys() - {"tick"}


# Keys, roles that end, two approvers at once.


def key_of(town, *scopes):
    """Return a client with a confirmed key of E1, asked for by its trader."""
    ask = {"owner": "enterprise:E1", "label": "程序", "scopes": list(scopes)}
    asked = town.does("person:T1", "/api-keys", {**ask, "expires_at": "2027-02-01T00:00:00Z"})
    admin = town.visit("person:A1")
    assert admin.post(f"/api/v1/api-keys/{asked['id']}/confirmations").status_code == 200
    client = town.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {asked['token']}"
    return client


def test_a_key_for_reading_writes_nothing(town):
    client = key_of(town, "read")
    requests = [each for each in requests_of(town.app) if each.writes and not each.is_page]
    before = town.digest(), town.store_digest(), town.commands()

    assert client.get("/api/v1/orders").status_code == 200
    for request in requests:
        method = request.methods[-1]
        answer = request.send(town, client, method)
        told = (request.endpoint, answer.status_code, answer.text[:300])
        assert answer.status_code == 403, told
        assert answer.json["code"] in ("key_scope", "not_permitted"), told
    assert (town.digest(), town.store_digest(), town.commands()) == before


def test_a_key_of_one_enterprise_shows_nothing_of_its_persons_other_one(town):
    grants = GrantRoles(grants=(Grant("person:T1", ROLES["ET"], "enterprise:E2"),))
    town.bench.both(grants, maker=SECURITY, checker=SECOND_SECURITY).require()
    client, person = key_of(town, "read"), town.visit("person:T1")
    told_of_both = 0
    for request in requests_of(town.app):
        if request.methods != ["GET"] or request.parts or not request.is_narrow("ET"):
            continue
        if request.is_page or "everybody" in request.row:
            continue
        shown = request.send(town, client, "GET")
        assert shown.status_code == 200, (request.endpoint, shown.text)
        assert not re.search(r"\bE2\b", shown.text), request.endpoint
        told_of_both += bool(re.search(r"\bE2\b", request.send(town, person, "GET").text))
    assert told_of_both >= 3
    assert client.get("/api/v1/enterprises/E2/balances").status_code == 404


def test_a_session_ends_to_be_of_use_with_the_role(town):
    client = town.visit("person:T1")
    order = TABLE["orders.place"]["body"]
    assert client.get("/api/v1/orders").status_code == 200
    over = RevokeRole(person="person:T1", role=ROLES["ET"], scope="enterprise:E1")
    town.bench.do(over, actor=SECURITY).require()
    before = town.digest()

    answers = [client.get("/api/v1/orders"), town.post(client, "/api/v1/orders", order)]

    assert [(each.status_code, each.json["code"]) for each in answers] == [
        (403, "not_permitted"),
        (403, "not_permitted"),
    ]
    assert town.digest() == before


def test_of_two_approvers_at_the_same_instant_one_approves(town):
    grants = GrantRoles(grants=(Grant("person:A4", ROLES["EA"], "enterprise:E1"),))
    town.bench.both(grants, maker=SECURITY, checker=SECOND_SECURITY).require()
    path = f"/api/v1/proposals/{town.things['the proposal']}/approvals"
    clients = [town.visit("person:A1"), town.visit("person:A4")]
    answers, start = [], Barrier(2)

    def approve(client):
        headers = {"If-Match": town.things["the version"], "Idempotency-Key": "approve"}
        start.wait()
        answers.append(client.post(path, headers=headers))

    threads = [Thread(target=approve, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(each.status_code for each in answers) == [201, 409], [a.text for a in answers]
    lost = next(each for each in answers if each.status_code == 409)
    assert lost.json["code"] == "proposal_closed"
    # The 100 kgce that the town surrendered, and the 200 of this proposal once.
    assert sorted(town.listed("person:C1", "/surrenders", "amount")) == ["100", "200"]
