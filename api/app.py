"""
The web application: every blueprint, with the door before it.
"""

from flask import Flask, g
from flask_bootstrap import Bootstrap5
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

import api.door
import api.headers
import api.paths
import api.problem
import api.web.frame
from api.faces import EXTENSION, Faces
from api.rest import RESOURCES
from api.rest.docs import docs
from api.rest.resource import Api
from api.settings import BODY_BYTES_MAX
from api.web import PAGES

DESCRIPTION = (
    "Energy-use rights: quota, cash, orders, energy use and compliance in one ledger. Amounts are "
    "whole minor units as text; every write needs an Idempotency-Key; what needs a second person "
    "is answered 202 with a proposal."
)


def create_app(faces: Faces) -> Flask:
    """
    Return the application for one installation.

    Fails where a route has no row in the permission matrix, or a refusal no words.
    """
    app = Flask(__name__, static_folder="web/static", template_folder="web/templates")
    app.extensions[EXTENSION] = faces
    _configure(app, faces)
    api.paths.register(app)
    api.problem.register(app)
    api.door.register(app)
    api.headers.register(app, is_secure=faces.settings.is_secure)
    _limit(app, faces)
    Bootstrap5(app)
    api.web.frame.register(app)
    rest = Api(app)
    for resource in RESOURCES:
        rest.register_blueprint(resource)
    for blueprint in (docs, *PAGES):
        app.register_blueprint(blueprint)
    _require_complete(app, faces)
    return app


def _configure(app: Flask, faces: Faces) -> None:
    app.config.update(
        SECRET_KEY=faces.auth.secret("cookies"),
        SESSION_COOKIE_NAME="yongneng",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=faces.settings.is_secure,
        TRUSTED_HOSTS=list(faces.settings.hosts),
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX,
        BOOTSTRAP_SERVE_LOCAL=True,
        API_TITLE="Yongneng 用能",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION},
            "security": [{"bearer": []}, {"cookie": []}],
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "cookie": {"type": "apiKey", "in": "cookie", "name": "yongneng"},
                }
            },
        },
    )


def _limit(app: Flask, faces: Faces) -> None:
    """Bound what one person or address may ask a minute; a process counts for itself."""
    requests = f"{faces.settings.requests_per_minute} per minute"
    Limiter(_asker, app=app, default_limits=[requests], storage_uri="memory://")


def _asker() -> str:
    asking = g.get("visitor")
    return asking.person if asking is not None and asking.person else get_remote_address()


def _require_complete(app: Flask, faces: Faces) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    faces.matrix.require_complete(endpoints - api.door.OPEN_ENDPOINTS)
