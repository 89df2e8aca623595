"""
The flow of quota: from where it came to what became of it, as a chart and as the table behind it.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import render_template, url_for

from api.door import may_do, seen
from api.faces import faces
from api.read import cockpit
from api.read.flows import flows as read_flows
from api.web import authority_words as words
from api.web.authority_frame import Row, authority, filter_of, measure_of, year_of
from api.web.shown import t
from ledger.days import day_of
from ledger.tables import EntryRow

BY = {
    "district": ("按地区", "by district"),
    "sector": ("按行业", "by sector"),
    "enterprise": ("按企业", "by enterprise"),
}
JOURNAL = 88
"""The operation that reads the journal."""

NODES_MAX = 60
"""More owners than a chart can show apart; then it stays with the table."""

METHODS = {
    "allocation:benchmarking": ("基准法分配", "benchmarking"),
    "allocation:historic_intensity": ("历史强度法分配", "historic intensity"),
    "allocation:grandfathering": ("历史总量法分配", "grandfathering"),
    "true_up": ("核定补发", "true-up"),
    "district_sale": ("政府出让", "public sale"),
    "banked_in": ("上年结转", "banked from before"),
    "decision": ("行政决定", "decision"),
    "freed:closure": ("关停腾出", "freed by closure"),
    "freed:retrofit": ("改造腾出", "freed by retrofit"),
    "freed:renewable": ("可再生替代腾出", "freed by renewables"),
}
USES = {
    "surrendered": ("本年清缴", "surrendered"),
    "surrendered_later": ("以后年度清缴", "surrendered later"),
    "substituted": ("项目替代注销", "substituted"),
    "banked": ("结转下年", "banked"),
    "expired": ("到期作废", "expired"),
    "returned": ("退回预算", "returned to the budget"),
    "reversed": ("冲正", "reversed"),
    "cancelled": ("注销", "cancelled"),
    "decision": ("行政决定", "decision"),
    "held": ("仍持有", "still held"),
}
ORIGIN_COLOURS = ("#0a58ca", "#6f42c1", "#087990", "#997404", "#ad2e6d", "#3d5a1e")
USE_COLOURS = {
    "surrendered": "#0b6e3b",
    "surrendered_later": "#4e9a6f",
    "substituted": "#6f42c1",
    "banked": "#0a58ca",
    "expired": "#b3261e",
    "returned": "#8a5a00",
    "held": "#6c757d",
}
OWNER_COLOUR, MARKET_COLOUR = "#8a9199", "#c95d00"


@authority.get("/authority/flows")
def flows() -> str:
    """Show where a year's quota came from and what became of it."""
    with faces().read() as connection:
        years = cockpit.budget_years(connection)
        newest = cockpit.assessed_year(connection) or (years[0] if years else None)
        year = year_of() or newest or day_of(faces().gateway.now()).year
        places = [row for row in cockpit.district_list(connection, seen()) if row["enterprises"]]
        by = filter_of("by")
        by = by if by in BY else "district"
        district = filter_of("district", most=20)
        found = read_flows(
            connection,
            seen(),
            year=year,
            measure=measure_of(),
            by=by,  # type: ignore[arg-type]
            district=district,
            after=filter_of("after", most=40),
        )
        last = connection.execute(sa.select(sa.func.max(EntryRow.sequence))).scalar() or 0
    edges: list[Row] = list(found.edges)
    words.know(end.split(":")[1] for end in _ends(edges) if end.startswith("enterprise:"))
    parts = {kind: [row for row in edges if row["kind"] == kind] for kind in ("flow", "standing")}
    return render_template(
        "authority/flows.html",
        year=year,
        years=years,
        measure=measure_of(),
        by=by,
        ways=BY,
        district=district,
        districts=places,
        parts_of=parts,
        charts={kind: sankey(rows, measure_of()) for kind, rows in parts.items()},
        sums={kind: _sums(rows) for kind, rows in parts.items()},
        node=node,
        owner_link=_owner_link(year, by),
        through=found.through,
        behind=last - found.through,
        next_after=found.next_after,
    )


def _owner_link(year: int, by: str) -> Callable[[str], str]:
    """Return what gives the address behind a node: a group's enterprises, or their entries."""

    def link(name: str) -> str:
        kind, _, rest = name.partition(":")
        if kind == "enterprise" and may_do(JOURNAL):
            return url_for("authority.entries", account=name)
        if kind == "district" and rest and seen().sees(district=rest) and by != "enterprise":
            return url_for(
                "authority.flows", by="enterprise", year=year, measure=measure_of(), district=rest
            )
        return ""

    return link


def _sums(edges: list[Row]) -> tuple[int, int]:
    """Return what came from outside the owners in all, and what of that was used or is held."""
    came = sum(row["amount"] for row in edges if not is_owner(row["origin"]))
    return came, sum(row["amount"] for row in edges if not is_owner(row["use"]))


def _ends(edges: list[Row]) -> set[str]:
    return {end for row in edges for end in (row["origin"], row["use"])}


def node(name: str, *, is_origin: bool = False) -> str:
    """Return what a node of the flow is called."""
    kind, _, rest = name.partition(":")
    owners: dict[str, Callable[[str], str]] = {
        "district": words.district_name,
        "sector": words.sector,
        "enterprise": words.enterprise_name,
    }
    if kind in owners and rest:
        return owners[kind](rest)
    if is_origin and name in METHODS:
        return t(*METHODS[name])
    if name in USES:
        return t(*USES[name])
    return t(*METHODS.get(name, (name, name)))


def is_owner(name: str) -> bool:
    """Return whether a node is somebody who holds quota."""
    return name.partition(":")[0] in ("district", "sector", "enterprise")


def layered(edges: list[Row]) -> dict[tuple[str, str], int]:
    """
    Return the links of a chart without circles: origin, owner, market, owner, use.

    Owners trade in circles, so each stands twice: with what came to it from outside, and with what
    it could use after trading. What it sold more than it bought passes the market in between.
    """
    links: dict[tuple[str, str], int] = defaultdict(int)
    came: dict[str, int] = defaultdict(int)
    traded: dict[str, int] = defaultdict(int)
    for row in edges:
        origin, use, amount = row["origin"], row["use"], row["amount"]
        if is_owner(origin) and is_owner(use):
            traded[origin] -= amount
            traded[use] += amount
        elif is_owner(use):
            links["from " + origin, "in " + use] += amount
            came[use] += amount
        elif is_owner(origin):
            links["out " + origin, "to " + use] += amount
    for owner in sorted(came.keys() | traded.keys()):
        change = traded[owner]
        links["in " + owner, "market"] += max(-change, 0)
        links["market", "out " + owner] += max(change, 0)
        links["in " + owner, "out " + owner] += came[owner] - max(-change, 0)
    return {ends: amount for ends, amount in links.items() if amount > 0}


def sankey(edges: list[Row], measure: str) -> dict[str, Any] | None:
    """Return the chart of *edges*, None where there is nothing or too much to draw."""
    links = layered(edges)
    names = sorted({end for ends in links for end in ends}, key=_column)
    if not links or len(names) > NODES_MAX:
        return None
    places = {name: number for number, name in enumerate(names)}
    colours = dict(zip(names, _colours(names), strict=True))
    return {
        "data": [
            {
                "type": "sankey",
                "arrangement": "snap",
                "valueformat": ",.3f",
                "valuesuffix": " " + words.unit(measure),
                "node": {
                    "label": [_label(name) for name in names],
                    "color": list(colours.values()),
                    "pad": 14,
                    "thickness": 16,
                },
                "link": {
                    "source": [places[source] for source, _ in links],
                    "target": [places[target] for _, target in links],
                    "value": [amount / 1_000 for amount in links.values()],
                    "color": [_link_colour(*ends, colours[ends[0]]) for ends in links],
                },
            }
        ],
        "layout": {"margin": {"t": 10, "b": 10, "l": 10, "r": 10}, "height": 540},
    }


_COLUMNS = ("from", "in", "market", "out", "to")


def _column(name: str) -> tuple[int, str]:
    return (_COLUMNS.index(name.partition(" ")[0]), name)


def _label(name: str) -> str:
    column, _, rest = name.partition(" ")
    if column == "market":
        return t("交易（净额）", "traded, net")
    return node(rest, is_origin=column == "from")


def _colours(names: list[str]) -> list[str]:
    origins = [name for name in names if name.startswith("from ")]
    return [_colour(name, origins) for name in names]


def _colour(name: str, origins: list[str]) -> str:
    if name in origins:
        return ORIGIN_COLOURS[origins.index(name) % len(ORIGIN_COLOURS)]
    if name == "market":
        return MARKET_COLOUR
    return USE_COLOURS.get(name.removeprefix("to "), OWNER_COLOUR)


def _link_colour(source: str, target: str, colour: str) -> str:
    """Return the colour of a link: of where it came from, of trading, or of its use."""
    if "market" in (source, target):
        colour = MARKET_COLOUR
    elif target.startswith("to "):
        colour = USE_COLOURS.get(target.removeprefix("to "), OWNER_COLOUR)
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.35)"
