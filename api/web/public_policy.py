"""
Policy packs with every parameter's source, which value holds where, and the register of rules.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from flask import render_template, request

from api.door import NotFound
from api.faces import faces
from api.instants import read_day
from api.pack_files import register
from api.problem import language
from api.read import pack_chain
from api.read import packs as reading
from api.web import authority_words as words
from api.web.choice_words import CHOICES
from api.web.public_frame import public
from api.web.shown import t
from ledger.days import day_of
from ledger.errors import Refused
from ledger.policy import chain
from ledger.tables import PackRow
from ledger.units import format_yuan

SUBJECTS = {
    "REG": ("台账", "the ledger"),
    "ALC": ("确权与分配", "rights and allocation"),
    "MRV": ("计量、报告与核查", "metering, reports, verification"),
    "FRQ": ("腾出指标", "freed quota"),
    "SUB": ("能耗替代", "substitution"),
    "CRD": ("重复核查与衔接", "duplicates and coordination"),
    "CMP": ("履约", "compliance"),
    "MOV": ("划转与承继", "moves without a price"),
    "LIE": ("租赁、质押与冻结", "leases, pledges and freezes"),
    "CHG": ("更正与变更", "corrections and changes"),
    "DST": ("地区总量与强度", "districts"),
    "MKT": ("交易", "the market"),
    "SET": ("交割与结算", "settlement"),
    "POL": ("政策参数", "policy"),
    "AUD": ("审计与证明", "audit and proof"),
    "API": ("接口与页面", "interfaces"),
    "AUT": ("用户与登录", "users and sign-in"),
}

WORDLESS = ("switch", "choice", "choices", "text", "texts", "date", "sessions")
"""Units that say what form a value has; a reader needs no word for that."""


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
        valued=valued,
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
        valued=valued,
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
    """Return a parameter's value as text: a switch or a choice in words, a list with commas."""
    if isinstance(value, bool):
        return t("是", "yes") if value else t("否", "no")
    if isinstance(value, list | tuple):
        return t("、", ", ").join(shown_value(each) for each in value)
    if isinstance(value, int):
        return f"{value:,}"
    parts = str(value).split(" ")
    if language() == "en":
        return " ".join(one.replace("_", " ") if one in CHOICES else one for one in parts)
    return " ".join(CHOICES.get(one, one) for one in parts)


def valued(value: object, unit: str) -> str:
    """Return a value with its unit as people say it: fen as yuan, a share as percent."""
    if unit in WORDLESS:
        return shown_value(value)
    if unit == "share":
        return _percent(Fraction(str(value)))
    if isinstance(value, int) and (unit == "fen" or unit.startswith("fen_per_")):
        spoken = words.pack_unit(unit).replace("分", "元").replace("fen", "yuan")
        return f"{format_yuan(value)} {spoken}"
    return f"{shown_value(value)} {words.pack_unit(unit)}"


def _percent(share: Fraction) -> str:
    """Return a share in percent, or as the fraction it is where a percentage would round it."""
    thousandths = share * 100_000
    if thousandths.denominator != 1:
        return str(share)
    text = f"{int(thousandths) // 1_000}.{int(thousandths) % 1_000:03}"
    return f"{text.rstrip('0').rstrip('.')}%"


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
