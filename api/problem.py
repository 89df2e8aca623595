"""
Refusals and faults as problem documents (RFC 9457), in the language of who asked.

Nothing of the inside gets out: no trace, no query, nobody else's data. A fault says its request id,
under which the log has the rest.
"""

import logging
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import marshmallow as ma
from flask import (
    Flask,
    Response,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from api.faces import faces
from api.rest.fields import plain
from ledger.command import RefusedByLedger
from ledger.errors import Refused

LOG = logging.getLogger("yongneng")
ERRORS_MAX = 20
RETRY_AFTER_SECONDS = 2
_TYPE = "/api/v1/problems/"

_HTTP_CODES = {
    400: "request_malformed",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_too_slow",
    413: "body_too_large",
    415: "media_type",
    429: "rate_limited",
    431: "headers_too_large",
}
_SIGN_IN_CODES = frozenset({"not_signed_in", "session_invalid"})
_FIELD_CODES = {
    "Unknown field.": "field_unknown",
    "Missing data for required field.": "field_required",
}
_QUERY_CODES = {"field_unknown": "filter_unknown", "type_mismatch": "filter_invalid"}
_QUERY_FIELD_CODES = {"/limit": "page_invalid", "/cursor": "cursor_invalid"}


def language() -> str:
    """Return the language to answer in: chosen, or preferred by the client, or Chinese."""
    chosen = request.args.get("lang") or request.cookies.get("lang")
    if chosen in ("zh", "en"):
        return chosen
    return request.accept_languages.best_match(["zh", "en"], default="zh")


def new_request_id() -> None:
    """Name the request, for the log and for whoever asks about it."""
    g.request_id = secrets.token_hex(8)


def problem(
    code: str,
    *,
    message: str = "",
    rule: str = "",
    facts: Mapping[str, Any] | None = None,
    errors: Iterable[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the problem document of *code* in the language asked for."""
    wording, spoken = faces().wording, language()
    status = wording.status(code)
    body: dict[str, Any] = {
        "type": _TYPE + code,
        "title": wording.title(code, spoken),
        "status": status,
        "detail": wording.detail(code, rule, message, facts or {}, spoken),
        "instance": request.path[:200],
        "code": code,
        "rule": rule,
        "facts": plain(facts or {}),
        "request_id": g.request_id,
    }
    if listed := list(errors)[:ERRORS_MAX]:
        body["errors"] = listed
    # A page has links, and no link may be built from a host that is not ours.
    is_page = _wants_page() and code != "host_invalid"
    if is_page and code in _SIGN_IN_CODES:
        session.clear()
        return redirect(url_for("home.sign_in", back=request.full_path))  # type: ignore[return-value]
    response = _as_page(body) if is_page else _as_json(body)
    response.status_code = status
    if status in (429, 503):
        seconds = (facts or {}).get("retry_after_seconds", RETRY_AFTER_SECONDS)
        response.headers["Retry-After"] = str(seconds)
    response.headers.update(headers or {})
    return response


def _wants_page() -> bool:
    return not request.path.startswith("/api/")


def _as_page(body: Mapping[str, Any]) -> Response:
    return make_response(render_template("problem.html", problem=body))


def _as_json(body: Mapping[str, Any]) -> Response:
    response = jsonify(body)
    response.content_type = "application/problem+json"
    return response


def of_refusal(refusal: Refused) -> Response:
    """Return what the ledger or a face refused."""
    if isinstance(refusal, RefusedByLedger):
        answer = refusal.answer
        headers = {"Command-Sequence": str(answer.sequence)}
        if answer.repeated:
            headers["Idempotency-Replayed"] = "true"
        return problem(
            answer.code,
            message=answer.message,
            rule=answer.verdict.rule,
            facts=answer.facts,
            headers=headers,
        )
    return problem(refusal.code, message=refusal.message, rule=refusal.rule, facts=refusal.facts)


def of_schema(error: ma.ValidationError) -> Response:
    """Return what a schema found wrong, field by field."""
    messages = error.messages
    is_query = isinstance(messages, Mapping) and "query" in messages
    found = [_of_query(each) if is_query else each for each in _field_problems("", messages)]
    first = found[0] if found else {"code": "type_mismatch", "message": "", "pointer": ""}
    return problem(
        first["code"],
        message=f"{first['pointer']}: {first['message']}",
        rule="REG-05",
        facts={"field": first["pointer"]},
        errors=found,
    )


def _of_query(found: dict[str, str]) -> dict[str, str]:
    code = _QUERY_CODES.get(found["code"], found["code"])
    return {**found, "code": _QUERY_FIELD_CODES.get(found["pointer"], code)}


def _field_problems(pointer: str, messages: Any) -> Iterable[dict[str, str]]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            step = "" if key in ("_schema", "json", "query") else f"/{str(key)[:60]}"
            yield from _field_problems(pointer + step, below)
    elif isinstance(messages, list):
        for each in messages:
            yield from _field_problems(pointer, each)
    else:
        code = _FIELD_CODES.get(str(messages), "type_mismatch")
        yield {"pointer": pointer, "code": code, "message": str(messages)[:200]}


def of_http(error: HTTPException) -> Response:
    """Return what the server itself refused, with its headers."""
    if error.code is not None and error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    code = _http_code(error)
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    return problem(code, message=str(error.name), rule="API-02", headers=kept)


def _http_code(error: HTTPException) -> str:
    if isinstance(error, SecurityError):
        return "host_invalid"
    if isinstance(error, CSRFError):
        return "csrf"
    return _HTTP_CODES.get(error.code or 500, "internal_error")


def of_fault(error: Exception) -> Response:
    """Return that the fault is ours; the log has the rest."""
    LOG.error("request %s failed", g.get("request_id", "?"), exc_info=error)
    return problem(
        "internal_error",
        message="something failed here; nothing is known to have changed, and the same key may be "
        "sent again",
        rule="API-02",
    )


def register(app: Flask) -> None:
    """Let every refusal and fault of *app* become a problem document, or a page saying it."""
    app.before_request(new_request_id)
    app.register_error_handler(Refused, of_refusal)
    app.register_error_handler(ma.ValidationError, of_schema)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, of_fault)
