"""
What the authority's pages call things: accounts, entries, amounts with their unit, persons.

Names are read many at once: a page says first whom it will name, with `know`.
"""

from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa
from flask import g
from markupsafe import Markup

from api.auth.tables import UserRow
from api.faces import faces
from api.problem import language
from api.read.kinds import kind_name
from api.web import names
from api.web.authority_terms import (
    ENTRIES,
    FIGURE_UNITS,
    FIGURES,
    MEASURES,
    PACK_UNITS,
    PRODUCTS,
    PURPOSES,
    SCHEME,
    STATES,
)
from api.web.shown import ROLE_WORDS, t
from ledger.asset import CNY
from ledger.tables import RoleGrantRow
from ledger.units import format_tce, format_yuan


def entry_code(code: str) -> str:
    """Return what kind of event an entry records."""
    return t(*ENTRIES.get(code, (code, code)))


def proposal_state(state: str) -> str:
    """Return how far a proposal is."""
    return t(*STATES.get(state, (state, state)))


def kind(name: str) -> str:
    """Return what a kind of command is called."""
    return kind_name(name, language())


def measure(name: str) -> str:
    """Return a measure in words."""
    if name in MEASURES:
        return t(*MEASURES[name])
    prefix, _, rest = name.partition("-")
    if prefix == "capacity":
        return t(f"产能（{rest}）", f"capacity ({rest})")
    if prefix == "pollutant":
        return t(f"污染物（{rest}）", f"pollutant ({rest})")
    return names.measure(name)


def unit(measure: str) -> str:
    """Return the unit in which amounts of *measure* are shown."""
    if measure == "cash":
        return t("元", "yuan")
    if measure.startswith("capacity-"):
        return t("吨/年", "t a year")
    return names.unit(measure)


def number(amount: int | None, measure: str) -> str:
    """Return an amount of *measure*, in minor units, as the number beside `unit`."""
    if amount is None:
        return "—"
    if measure == "cash":
        return format_yuan(amount)
    return f"{amount:,}" if measure.startswith("capacity-") else format_tce(amount)


def amount(found: int | None, measure: str) -> str:
    """Return an amount with its unit; "" stands for the measure of cash too."""
    return f"{number(found, measure)} {unit(measure)}"


def measure_of(asset: str) -> str:
    """Return the measure whose units an asset is counted in."""
    return "cash" if asset == CNY else asset.partition(".")[0]


def of_asset(found: int, asset: str) -> str:
    """Return an amount of an asset with its unit."""
    return amount(found, measure_of(asset))


def know(enterprises: Iterable[str] = (), persons: Iterable[str] = ()) -> None:
    """Read the names of *enterprises* and *persons* at once, for the page to use."""
    known, named_already = _enterprises(), _persons()
    ids = {one for one in enterprises if one and one != "*" and one not in known}
    if ids:
        _enterprises().update({one: one for one in ids} | dict(names.enterprises(ids)))
    people = {one for one in persons if one and one not in named_already}
    if people:
        named = _named(people)
        _persons().update({**_by_role(people - named.keys()), **named})


def know_of(addresses: Iterable[str]) -> None:
    """Read the names of the enterprises whose accounts *addresses* are."""
    know(one.split(":")[1] for one in addresses if one.startswith("enterprise:"))


def enterprise(code: str) -> Markup:
    """Return an enterprise by name, its id small beside."""
    know([code])
    return names.with_code(_enterprises().get(code, code), code)


def enterprise_name(code: str) -> str:
    """Return an enterprise's name alone, for a chart or a sentence."""
    know([code])
    return _enterprises().get(code, code)


def district(code: str) -> Markup:
    """Return a district by name, its code small beside."""
    return names.with_code(names.district(code), code)


def sector(code: str) -> str:
    """Return a sector's name."""
    return names.sector(code)


def asset(code: str) -> Markup:
    """Return an asset in words, its code small beside."""
    if code == CNY:
        return Markup("{}").format(names.called(code))
    return names.with_code(asset_name(code), code)


def asset_name(code: str) -> str:
    """Return an asset in words."""
    found = measure_of(code)
    if found in ("cash", "energy", "coal", "carbon"):
        return names.called(code)
    return names.called(code).replace(names.measure(found), measure(found))


def person(who: str | None) -> Markup:
    """Return a person by name, the opaque id small beside; the system by what it does."""
    if not who:
        return Markup("")
    if who.startswith("system:"):
        return Markup(t("系统自动", "the system"))
    know(persons=[who])
    short = who.removeprefix("person:")
    return names.with_code(_persons().get(who, "") or short, short)


def _by_role(people: Collection[str]) -> Mapping[str, str]:
    """Return what persons without a login are here: their role, and where they hold it."""
    query = sa.select(RoleGrantRow.person, RoleGrantRow.role, RoleGrantRow.scope).where(
        RoleGrantRow.person.in_(sorted(people)), RoleGrantRow.revoked_by.is_(None)
    )
    with faces().read() as connection:
        rows = connection.execute(query.order_by(RoleGrantRow.role.desc())).all()
    return {row.person: _role(row.role, row.scope) for row in rows}


def _role(role: str, scope: str) -> str:
    kind, _, code = scope.partition(":")
    said = t(*ROLE_WORDS.get(role, (role, role)))
    return f"{names.district(code)} {said}" if kind == "district" else said


def address(text: str) -> str:
    """Return an account in words: whose it is and what for."""
    if text in SCHEME:
        return t(*SCHEME[text])
    owner, _, rest = text.partition(":")
    name, _, purpose = rest.partition(":")
    said = t(*PURPOSES.get(purpose, (purpose, purpose)))
    if owner == "enterprise":
        whose = t("另一方企业", "the other enterprise") if name == "*" else enterprise_name(name)
        return f"{whose} · {said}"
    if owner == "district":
        held = t("竞价锁定", "held for a tender")
        return f"{names.district(name)} · {held if purpose == 'held' else said}"
    if owner == "source":
        return t("腾出指标 ", "freed quota ") + ("" if name == "*" else name)
    if name == "surrendered":
        return t(f"{purpose} 年度清缴", f"surrendered for {purpose}")
    if name == "substituted":
        return t("项目替代注销 ", "substituted for ") + ("" if purpose == "*" else purpose)
    return text


def _enterprises() -> dict[str, str]:
    return g.setdefault("enterprise_names", {})  # type: ignore[no-any-return]


def _persons() -> dict[str, str]:
    return g.setdefault("person_names", {})  # type: ignore[no-any-return]


def _named(people: Iterable[str]) -> Mapping[str, str]:
    with faces().auth.reading() as connection:
        rows = connection.execute(
            sa.select(UserRow.person, UserRow.name).where(UserRow.person.in_(sorted(people)))
        )
        return {row.person: row.name for row in rows}


def district_name(code: str) -> str:
    """Return a district's name alone, for a chart or a sentence."""
    return names.district(code)


def figure(name: str) -> str:
    """Return what a published figure is called."""
    return t(*FIGURES.get(name, (name, name.replace("_", " "))))


def figure_unit(name: str) -> str:
    """Return the unit of a published figure."""
    return t(*FIGURE_UNITS.get(name, (name, name)))


def product(name: str) -> str:
    """Return a product in words; none stands for all an enterprise makes."""
    if not name:
        return t("全部产品", "all products")
    return t(*PRODUCTS.get(name, (name, name)))


def ground(reference: str) -> str:
    """Return what an entry refers to: a document as it is, a plan or project in words."""
    kind, _, rest = reference.partition(":")
    parts = rest.split(":")
    if kind == "allocation" and len(parts) == 4:
        return f"{enterprise_name(parts[2])} · {product(parts[3])}"
    if kind == "substitution" and rest:
        return t(f"替代项目 {rest}", f"substitution project {rest}")
    return reference


def grounded_on(reference: str) -> str:
    """Return the enterprise that a reference to a row of a plan names, or nothing."""
    parts = reference.split(":")
    return parts[3] if parts[0] == "allocation" and len(parts) == 5 else ""


def pack_unit(name: str) -> str:
    """Return the unit of a policy parameter."""
    return t(*PACK_UNITS.get(name, (name, name.replace("_", " "))))


def source(text: str) -> str:
    """Return where a rule comes from; what has no text of law says so."""
    return t("本系统设定，没有法规原文", text) if text == "decided here" else text
