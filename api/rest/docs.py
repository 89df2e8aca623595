"""
The documentation of the API, offline: Swagger UI from its installed package, on a page of our own.

The package's own page has a script in line, which the content policy rightly refuses.
"""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, render_template, send_from_directory

docs = Blueprint("docs", __name__, url_prefix="/api/v1/docs")

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"


@docs.get("")
def show() -> str:
    """Show every operation, to read and to try."""
    return render_template("docs.html")


@docs.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """Serve a file of Swagger UI."""
    return send_from_directory(ASSETS, name)
