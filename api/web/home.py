"""
The way in: personas on a demonstration, signing in, the language, the demonstration's clock.
"""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from api.auth import sessions
from api.auth.sign_in import persona_in
from api.auth.sign_in import sign_in as signed_in
from api.demo.personas import personas
from api.door import SIGNED_IN, NotFound
from api.faces import faces
from api.web.act import Refusal, tried
from api.web.frame import this_ledger
from api.web.shown import t

home = Blueprint("home", __name__)

LANGUAGE_DAYS = 365


@home.get("/")
def index() -> str:
    """Show who one can be, and where to begin."""
    return render_template("home.html", personas=personas() if _is_stage() else ())


@home.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> str | Response | tuple[str, int]:
    """Sign in with a login and a password."""
    if request.method == "GET":
        return render_template("sign_in.html", login="", refusal=None)
    login, password = request.form.get("login", ""), request.form.get("password", "")
    address = request.remote_addr or ""
    token = tried(lambda: signed_in(faces().auth, login, password, address, faces().clock()))
    if isinstance(token, Refusal):
        page = render_template("sign_in.html", login=login[:100], refusal=token)
        return page, token.status
    _begin(token)
    return redirect(_back(url_for("home.index")))


@home.post("/personas/<login>")
def become(login: str) -> Response:
    """Become one of the demonstration's people; there is no such thing on a live ledger."""
    if not _is_stage():
        raise NotFound
    persona = next((one for one in personas() if one.login == login), None)
    if persona is None:
        raise NotFound
    _begin(persona_in(faces().auth, login, faces().clock()))
    return redirect(persona.home)


@home.post("/sign-out")
def sign_out() -> Response:
    """End the session, here and in the store."""
    sessions.close(faces().auth, str(session.get(SIGNED_IN, "")), faces().clock())
    session.clear()
    return redirect(url_for("home.index"))


@home.post("/language/<chosen>")
def choose_language(chosen: str) -> Response:
    """Go on in another language."""
    response = redirect(_back(url_for("home.index")))
    if chosen in ("zh", "en"):
        response.set_cookie(
            "lang",
            chosen,
            max_age=LANGUAGE_DAYS * 86_400,
            samesite="Lax",
            secure=faces().settings.is_secure,
            httponly=True,
        )
    return response


@home.post("/clock/step")
def step_clock() -> Response:
    """Let the demonstration's time go on to the next event."""
    step = faces().step
    if step is None or not _is_stage():
        raise NotFound
    told = tried(step)
    if isinstance(told, Refusal):
        flash(told.detail, "refused")
    else:
        flash(t(*told), "done")
    return redirect(_back(url_for("home.index")))


def _is_stage() -> bool:
    ledger = this_ledger()
    return ledger is not None and ledger.purpose != "live"


def _begin(token: str) -> None:
    # A fresh cookie session: whatever a stranger may have planted before is gone.
    session.clear()
    session[SIGNED_IN] = token


def _back(otherwise: str) -> str:
    """Return where the visitor came from, if that is a page of ours."""
    wanted = request.form.get("back") or request.args.get("back", "")
    is_ours = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if is_ours else otherwise
