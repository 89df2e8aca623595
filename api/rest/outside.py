"""
Routes that send no command: what they take and what they answer, documented as it is.
"""

from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma

from api.rest.resource import Resource, View

Parameter = Mapping[str, Any]


def answers(
    resource: Resource,
    item: type[ma.Schema] | None = None,
    *,
    body: type[ma.Schema] | None = None,
    status: int = 200,
    description: str | None = None,
    headers: tuple[Parameter, ...] = (),
) -> Callable[[View], View]:
    """
    Decorate a view of *resource* that answers *item* with *status*; without one, nothing.

    *body* is the schema of what it takes, *headers* documents what it reads beside.
    """

    def decorate(view: View) -> View:
        decorated: View = resource.response(status, item, description=description)(view)
        if body is not None:
            decorated = resource.arguments(body)(decorated)
        if headers:
            decorated = resource.doc(parameters=list(headers))(decorated)
        return decorated

    return decorate
