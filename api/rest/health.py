"""
Health: whether this process reads the database and reaches the writer.
"""

from typing import Any

import marshmallow as ma

from api.faces import faces
from api.read.standing import standing
from api.rest.fields import Count, Instant, Words
from api.rest.outside import answers
from api.rest.resource import Resource

health = Resource("health", __name__, "Health: for whoever watches the installation")


class Health(ma.Schema):
    """How the installation stands; a writer out of reach is answered 503."""

    status = Words()
    sequence = Count()
    at = Instant(metadata={"description": "ledger time"})
    purpose = Words(metadata={"description": "live, demonstration or training; empty if unopened"})
    checkpoint_size = Count(allow_none=True)
    checkpoint_sequence = Count(allow_none=True)
    checkpoint_age_seconds = ma.fields.Integer(allow_none=True)


@health.get("/health")
@answers(health, Health)
def show() -> Any:
    """Show sequence, ledger time and the age of the newest checkpoint."""
    ours = faces()
    ours.gateway.require_writer()
    now = ours.gateway.now()
    with ours.read() as connection:
        return {"status": "ok", **standing(connection, now)}
