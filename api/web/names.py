"""
What things are called on a page: assets in words, parties by name with the code small beside.
"""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from flask import g
from markupsafe import Markup

from api.faces import faces
from api.read import packs
from api.web.shown import t
from ledger.asset import CNY, Kind, parse_asset
from ledger.errors import Refused
from ledger.parties.tables import DistrictRow, EnterpriseRow, SectorRow

MEASURES = {
    "energy": ("能源", "energy"),
    "coal": ("煤炭", "coal"),
    "carbon": ("碳排放", "carbon"),
}
RIGHTS = {"energy": "用能权", "coal": "用煤权"}
UNITS = {
    "energy": ("吨标准煤", "tce"),
    "coal": ("吨", "t"),
    "carbon": ("吨二氧化碳", "t CO₂"),
}
ORIGINS = {
    "general": ("", ""),
    "two_high": ("“两高”", "two-high"),
    "other": ("“两高”以外", "outside two-high"),
    "renewable": ("可再生能源", "renewable"),
}
BASES = {"eq": ("等价值", "equivalent"), "cal": ("当量值", "calorific")}


def measure(name: str) -> str:
    """Return a measure in words: energy, coal, or the product or pollutant it is."""
    zh, en = MEASURES.get(name, (name, name.replace("-", " ")))
    return t(zh, en)


def right(name: str) -> str:
    """Return what a right of this measure is called: 用能权 for energy."""
    return t(RIGHTS[name], name) if name in RIGHTS else measure(name)


def unit(name: str) -> str:
    """Return the unit in which a measure is shown."""
    zh, en = UNITS.get(name, ("吨", "t"))
    return t(zh, en)


def unit_of(asset: str) -> str:
    """Return the unit in which an asset is shown."""
    return t("元", "yuan") if asset == CNY else unit(asset.partition(".")[0])


def called(asset: str) -> str:
    """Return an asset in words, such as 2026年度用能权指标（青岛市，等价值）."""
    if asset == CNY:
        return t("资金", "cash")
    try:
        found = parse_asset(asset)
    except Refused:
        return asset
    what, origin = right(found.measure), t(*ORIGINS[found.origin])
    basis = t(*BASES.get(found.basis, ("", "")))
    inside = t("，", ", ").join(filter(None, (_area(found.area), basis)))
    if found.kind is Kind.FLOW:
        parts = (str(found.vintage), origin, what, "allowance")
        zh = f"{found.vintage}年度{origin}{what}指标（{inside}）"
    else:
        parts = (origin, what, "standing quota to", str(found.vintage))
        zh = f"{origin}{what}存量指标，至{found.vintage}年（{inside}）"
    return t(zh, f"{' '.join(filter(None, parts))} ({inside})")


def _area(area: str) -> str:
    code, _, project = area.partition("-")
    return district(code) + (
        t(f"，项目{project}单列", f", project {project} only") if project else ""
    )


def district(code: str) -> str:
    """Return a district's name in the language of this request, its code where it has none."""
    zh, en = _districts().get(code, (code, code))
    return t(zh, en or zh)


def pack(code: str) -> str:
    """Return what the newest version of a policy pack is called."""
    if "packs" not in g:
        with faces().read() as connection:
            rows = connection.execute(packs.packs()).mappings()
            found = [packs.described(dict(row)) for row in rows]
        g.packs = {one["id"]: (one["name"], one["name_en"]) for one in found}
    zh, en = g.packs.get(code, (code, code))
    return t(zh, en or zh)


def sector(code: str) -> str:
    """Return a sector's name in the language of this request."""
    zh, en = _sectors().get(code, (code, code))
    return t(zh, en or zh)


def enterprises(ids: Iterable[str]) -> Mapping[str, str]:
    """Return the names of enterprises by id, in one query."""
    wanted = sorted(set(filter(None, ids)))
    with faces().read() as connection:
        rows = connection.execute(
            sa.select(EnterpriseRow.id, EnterpriseRow.name).where(EnterpriseRow.id.in_(wanted))
        )
        return {row.id: row.name for row in rows}


def with_code(name: str, code: str) -> Markup:
    """Return a name with its code small beside it."""
    if not name or name == code:
        return Markup("{}").format(code)
    return Markup('{} <small class="text-body-secondary">{}</small>').format(name, code)


def _districts() -> Mapping[str, tuple[str, str]]:
    return _register("districts", DistrictRow)


def _sectors() -> Mapping[str, tuple[str, str]]:
    return _register("sectors", SectorRow)


def _register(
    key: str, table: type[DistrictRow] | type[SectorRow]
) -> Mapping[str, tuple[str, str]]:
    if key not in g:
        with faces().read() as connection:
            rows = connection.execute(sa.select(table.code, table.name, table.name_en))
            setattr(g, key, {row.code: (row.name, row.name_en) for row in rows})
    found: Mapping[str, tuple[str, str]] = g.get(key)
    return found
