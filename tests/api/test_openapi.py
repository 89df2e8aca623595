"""
The documented API is the served one: the document is valid and complete, and requests made from it,
right and wrong ones, are answered as it says. Seeds are fixed, so a run is the same every time.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks

from api.auth.keys import confirm_key, request_key
from api.matrix import ROLES
from api.program import subjects
from api.settings import Settings
from tests.api.permitted_town import PEOPLE, permitted_town
from tests.api.requests_table import AREAS, MATRIX, PATH, TABLE, of_area, of_things
from tests.conftest import fresh_engine

EXAMPLES = 2
"""Requests made of each kind for each operation."""

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.negative_data_rejection,
    openapi_checks.unsupported_method,
    openapi_checks.missing_required_header,
]
RIGHT_TOO = ("body_too_large", "not_there_yet")
"""Answers that are as they should be, whatever the checks think of their status."""

LEFT_OUT = {
    # A stream does not end; tests/api/rest/test_stream.py reads it.
    "/api/v1/market-data/{instrument}/events",
}
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def town(request, tmp_path_factory):
    for engine in fresh_engine(request, "sqlite", tmp_path_factory.mktemp("openapi")):
        # A sequence that is not there yet is told at once, instead of after two seconds.
        for town in permitted_town(engine, settings=Settings(wait_for_sequence_seconds=0)):
            town.let_come()
            town.bearer = {short: bearer(town, short) for short in ROLES}
            yield town


@pytest.fixture(scope="module")
def document(town):
    return town.visit().get("/api/v1/openapi.json").json


@pytest.fixture(scope="module")
def schema(town):
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", town.app)


def bearer(town, short):
    """Return the header of a program with a key of whoever has the role of these letters."""
    person, day = PEOPLE[short, "own"], 86_400_000_000
    key, token = request_key(
        town.auth,
        person=person,
        owner="*",
        label=short,
        scopes=["read", "write"],
        allowed=("read", "write"),
        expires_at=town.now + day,
        now=town.now,
    )
    confirm_key(town.auth, key.id, by="person:SEC2", now=town.now)
    return {"Authorization": f"Bearer {token}"}


def operations_of(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield path, method, operation


def test_the_document_is_valid(document):
    validate(document)


def test_every_operation_says_what_it_does_what_it_answers_and_how_it_refuses(document):
    incomplete = []
    for path, method, operation in operations_of(document):
        responses = operation["responses"]
        succeeds = any(status.startswith(("2", "3")) for status in responses)
        refuses = responses.get("default", {}).get("$ref") == "#/components/responses/DEFAULT_ERROR"
        if not (operation.get("summary", "").endswith(".") and succeeds and refuses):
            incomplete.append(f"{method} {path}")

    assert incomplete == []
    problem = document["components"]["responses"]["DEFAULT_ERROR"]["content"]
    assert set(problem) == {"application/problem+json"}


def schema_of(operation, status):
    content = operation["responses"].get(status, {}).get("content", {})
    return content.get("application/json", {}).get("schema")


def test_every_write_documents_its_key(document):
    without = [
        f"{method} {path}"
        for path, method, operation in operations_of(document)
        if schema_of(operation, "201") == {"$ref": "#/components/schemas/Sent"}
        and not any(each.get("name") == "Idempotency-Key" for each in operation["parameters"])
    ]

    assert without == []


def able(town, endpoint):
    """Return the letters of a role that may do what a route is for, the trader's where all may."""
    cells = MATRIX.operation(endpoint).cells
    kind = TABLE.get(endpoint, {}).get("kind")
    makers = subjects().handlers[kind].makers if kind else cells
    able = [short for short, role in ROLES.items() if role in cells and role in makers]
    return (able or [short for short, role in ROLES.items() if role in cells] or ["ET"])[0]


def endpoints(app):
    """Return the endpoint of every documented method and path."""
    found = {}
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<int:", "<").replace("<string:", "<").replace("<path:", "<")
        for method in rule.methods:
            found[method, path.replace("<", "{").replace(">", "}")] = rule.endpoint
    return found


@pytest.mark.parametrize("area", AREAS)
def test_requests_made_from_the_document_are_answered_as_it_says(town, schema, area):
    ways = endpoints(town.app)
    for result in schema.get_all_operations():
        operation = result.ok()
        endpoint = ways[operation.method.upper(), operation.path]
        if of_area(endpoint) != area or operation.path in LEFT_OUT:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            send_some(town, operation, endpoint, mode)


def send_some(town, operation, endpoint, mode):
    headers = town.bearer[able(town, endpoint)]
    known = {**PATH, **TABLE.get(endpoint, {}).get("path", {})}

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case):
        if mode is GenerationMode.POSITIVE:
            # What is really there, or every path would lead to nothing.
            for name in case.path_parameters or {}:
                if name in known:
                    case.path_parameters[name] = of_things(town, known[name])
        answer = case.call(headers=headers)
        if answer.status_code in (413, 503) and answer.json()["code"] in RIGHT_TOO:
            return
        case.validate_response(answer, checks=CHECKS, headers=headers)

    send()
