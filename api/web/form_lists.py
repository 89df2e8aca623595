"""
What forms offer to choose from, and what was typed into a form that was refused.
"""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from flask import Flask, request

from api.door import seen, visitor
from api.faces import faces
from api.problem import language
from api.read.visible import visible
from api.web.choice_words import PRIORITIES, PRODUCTS, USES
from api.web.shown import t, word
from ledger.parties.tables import DistrictRow, EnterpriseRow, SectorRow

ENTERPRISES_MAX = 500
"""What a list offers at most; an id that is not in it can still be typed."""

Pairs = list[tuple[str, str]]


def enterprises_offered(district: str = "") -> Pairs:
    """Return ids and names of the enterprises that the reader sees, of one district if named."""
    query = sa.select(EnterpriseRow.id, EnterpriseRow.name).order_by(EnterpriseRow.id)
    query = query.where(visible(seen(), enterprises=[EnterpriseRow.id]))
    if district:
        query = query.where(EnterpriseRow.district == district)
    with faces().read() as connection:
        return [(row.id, row.name) for row in connection.execute(query.limit(ENTERPRISES_MAX))]


def sectors_offered() -> Pairs:
    """Return codes and names of the sectors."""
    query = sa.select(SectorRow.code, SectorRow.name, SectorRow.name_en).order_by(SectorRow.code)
    with faces().read() as connection:
        return [(row.code, t(row.name, row.name_en)) for row in connection.execute(query)]


def districts_offered() -> Pairs:
    """Return codes and names of the districts; both are public."""
    query = sa.select(DistrictRow.code, DistrictRow.name, DistrictRow.name_en)
    with faces().read() as connection:
        found = connection.execute(query.order_by(DistrictRow.code))
        return [(row.code, t(row.name, row.name_en)) for row in found]


def words_offered(what: str) -> Pairs:
    """Return codes and names of *what*: "products", "priorities" or "uses"."""
    if what == "products":
        return [(code, _product(code)) for code in PRODUCTS]
    return _spoken(PRIORITIES if what == "priorities" else USES)


def typed(address: str, **marks: str) -> Mapping[str, str]:
    """
    Return what was typed into the form of *address*, if that is the form that was just sent.

    *marks* tell apart forms of one address by their hidden fields.
    """
    is_sent = request.method == "POST" and request.path == address.partition("?")[0]
    if is_sent and all(request.form.get(name) == value for name, value in marks.items()):
        return request.form
    return {}


def may_make(kind: str) -> bool:
    """Return whether the visitor has a role that makes commands of *kind*, not only checks them."""
    makers = {role.value for role in faces().gateway.subjects.handlers[kind].makers}
    return any(role in makers for role, _ in visitor().grants)


def register(app: Flask) -> None:
    """Give every template these lists."""
    app.jinja_env.globals.update(
        enterprises_offered=enterprises_offered,
        sectors_offered=sectors_offered,
        districts_offered=districts_offered,
        words_offered=words_offered,
        typed=typed,
        may_make=may_make,
    )


def _product(code: str) -> str:
    return PRODUCTS[code] if language() == "zh" else code.replace("_", " ")


def _spoken(codes: Iterable[str]) -> Pairs:
    return [(code, word(code)) for code in codes]
