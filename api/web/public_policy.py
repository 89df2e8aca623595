"""
Policy packs with every parameter's source, which value holds where, and the register of rules.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import render_template, request

from api.door import NotFound
from api.faces import faces
from api.instants import read_day
from api.pack_files import register
from api.read import pack_chain
from api.read import packs as reading
from api.web.public_frame import public
from api.web.shown import t
from ledger.days import day_of
from ledger.errors import Refused
from ledger.policy import chain
from ledger.tables import PackRow

SUBJECTS = {
    "REG": ("台账", "the ledger"),
    "ALC": ("确权与分配", "rights and allocation"),
    "MRV": ("计量、报告与核查", "metering, reports, verification"),
    "FRQ": ("腾出指标", "freed quota"),
    "SUB": ("能耗替代", "substitution"),
    "CMP": ("履约", "compliance"),
    "DST": ("地区总量与强度", "districts"),
    "MKT": ("交易", "the market"),
    "SET": ("交割与结算", "settlement"),
    "POL": ("政策参数", "policy"),
    "AUD": ("审计与证明", "audit and proof"),
    "API": ("接口与页面", "interfaces"),
    "AUT": ("用户与登录", "users and sign-in"),
}


@public.get("/packs")
def packs() -> str:
    """List the policy packs in force."""
    with faces().read() as connection:
        rows = connection.execute(reading.packs().order_by(PackRow.id)).mappings()
        found = [reading.described(dict(row)) for row in rows]
    return render_template("public/packs.html", packs=found)


@public.get("/packs/<pack>")
def pack(pack: str) -> str:
    """Show every parameter of one pack with its source, and what it inherits."""
    with faces().read() as connection:
        rows = [dict(row) for row in connection.execute(reading.packs()).mappings()]
        versions = _versions(connection, pack)
        changes = pack_chain.changed(connection, pack)
    adopted = {row["id"]: reading.pack_of(row) for row in rows}
    if pack not in adopted:
        raise NotFound
    row = next(row for row in rows if row["id"] == pack)
    try:
        inherited = chain(adopted, pack)[1:]
    except Refused:
        inherited = ()
    return render_template(
        "public/pack.html",
        about=reading.described(row),
        parameters=reading.parameters(adopted[pack]),
        inherited=inherited,
        inherits=reading.parameters,
        overridden={one.key for one in adopted[pack].parameters},
        versions=versions,
        changes=changes,
        meaning=meaning,
        shown_value=shown_value,
    )


@public.get("/packs/<pack>/parameters/<parameter>")
def parameter(pack: str, parameter: str) -> str:
    """Show which value of one key holds where a pack governs on a day, and who says otherwise."""
    on = read_day(request.args["on"]) if request.args.get("on") else today()
    with faces().read() as connection:
        found = pack_chain.told(connection, pack, parameter, on, register=register())
        if found is None:
            raise NotFound
        waivers = pack_chain.waivers_of(connection, _giver(found), parameter)
    return render_template(
        "public/parameter.html",
        told=found,
        waivers=waivers,
        meaning=meaning,
        shown_value=shown_value,
    )


def _giver(told: Mapping[str, Any]) -> str:
    """Return the pack whose value holds, or none."""
    return next((each["pack"] for each in told["heard"] if each["outcome"] == "wins"), "")


def today() -> date:
    """Return the day it is in this ledger."""
    return day_of(faces().gateway.now())


def meaning(key: str) -> str:
    """Return what a key means, in the language of this request, or nothing."""
    found = register().of(key)
    return "" if found is None else t(found.meaning_zh, found.meaning)


def _versions(connection: sa.Connection, pack: str) -> list[Mapping[str, Any]]:
    query = reading.adoptions().where(PackRow.id == pack).order_by(PackRow.adopted_by.desc())
    return [
        {name: value for name, value in row.items() if name != "content"}
        for row in connection.execute(query).mappings()
    ]


def shown_value(value: object) -> str:
    """Return a parameter's value as text: a switch in words, a list with commas."""
    if isinstance(value, bool):
        return t("是", "yes") if value else t("否", "no")
    if isinstance(value, list | tuple):
        return t("、", ", ").join(map(str, value))
    return str(value)


@public.get("/rules")
def rules() -> str:
    """Show the register of rules by subject."""
    found: dict[str, list[Any]] = {}
    for rule in sorted(faces().wording.rules.values(), key=lambda each: each.id):
        found.setdefault(rule.id.partition("-")[0], []).append(rule)
    return render_template("public/rules.html", rules=found, subjects=SUBJECTS)


@public.get("/rules/<rule>")
def rule(rule: str) -> str:
    """Show one rule with its source."""
    found = faces().wording.rules.get(rule)
    if found is None:
        raise NotFound
    return render_template("public/rule.html", rule=found, subjects=SUBJECTS)
