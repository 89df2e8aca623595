"""
How a page says things: two languages side by side, tonnes, yuan, Shanghai time, colours of a move.

Templates say ``t("买入", "Buy")``; both texts stand where they are used, so that neither is
forgotten when the other changes.
"""

from flask import Flask, g, request
from markupsafe import Markup

from api.door import may_do, visitor
from api.faces import faces
from api.problem import language
from api.web.choice_words import CHOICES
from ledger.days import day_of, text_of
from ledger.subject import ANYWHERE
from ledger.units import format_tce, format_yuan

NOTHING = "—"

ROLE_WORDS = {
    "enterprise_trader": ("企业交易员", "enterprise trader"),
    "enterprise_admin": ("企业负责人（复核）", "enterprise approver"),
    "enterprise_compliance": ("企业履约专员", "enterprise compliance officer"),
    "verifier": ("核查员", "verifier"),
    "exchange_operator": ("交易机构", "exchange operator"),
    "clearing_operator": ("结算机构", "clearing operator"),
    "district_regulator": ("区级主管部门", "district regulator"),
    "city_regulator": ("市级主管部门", "city regulator"),
    "auditor": ("审计员", "auditor"),
    "system": ("系统管理员", "system administrator"),
    "security": ("安全管理员", "security administrator"),
}


def t(zh: str, en: str) -> str:
    """Return what is said in the language of this request."""
    return zh if language() == "zh" else en


def word(text: str) -> str:
    """Return a word of the ledger, such as "continuous", in the language of this request."""
    if language() == "en":
        return text.replace("_", " ")
    return faces().wording.words.get(text) or CHOICES.get(text, text)


def phase_word(phase: str) -> str:
    """Return what a market is doing; "closed" said of a market is not that of a proposal."""
    return t("休市", "closed") if phase == "closed" else word(phase)


def words_of(text: str) -> str:
    """Return several words of the ledger, apart by spaces or commas, as a list to read."""
    return t("、", ", ").join(word(each) for each in text.replace(",", " ").split())


def tce(kgce: int | None) -> str:
    """Return kgce (or kg) as tonnes with thousands separated, such as 1,234.5."""
    return NOTHING if kgce is None else format_tce(kgce)


def yuan(fen: int | None) -> str:
    """Return fen as yuan, such as 1,234.50."""
    return NOTHING if fen is None else format_yuan(fen)


def whole(number: int | None) -> str:
    """Return a whole number with thousands separated."""
    return NOTHING if number is None else f"{number:,}"


def shanghai(instant: int | None) -> str:
    """Return an instant as people read it in Shanghai, to the second."""
    return NOTHING if instant is None else text_of(instant)


def shanghai_day(instant: int | None) -> str:
    """Return the Shanghai date of an instant."""
    return NOTHING if instant is None else str(day_of(instant))


def percent(part: int | None, total: int | None) -> str:
    """Return part of total in percent with one decimal, cut, not rounded up to a false 100."""
    if part is None or not total:
        return NOTHING
    tenths = part * 1_000 // total
    return f"{tenths // 10}.{tenths % 10}%"


def moved(now: int | None, before: int | None) -> str:
    """Return the class of a price that rose, fell or stayed: red up, green down, as in China."""
    if now is None or before is None or now == before:
        return "stayed"
    return "rose" if now > before else "fell"


def sign(now: int | None, before: int | None) -> Markup:
    """Return the mark beside a move, so that colour never stands alone."""
    marks = {"rose": "▲", "fell": "▼", "stayed": "▬"}
    return Markup('<span aria-hidden="true">{}</span>').format(marks[moved(now, before)])


def own_enterprises() -> list[str]:
    """Return the enterprises whom the visitor acts for."""
    return sorted(
        {
            scope.removeprefix("enterprise:")
            for _, scope in visitor().grants
            if scope.startswith("enterprise:")
        }
    )


def roles() -> list[str]:
    """Return the visitor's roles in words, each with the scope it is held for."""
    found = []
    for role, scope in sorted(visitor().grants):
        zh, en = ROLE_WORDS.get(role, (role, role))
        where = "" if scope == ANYWHERE else f" · {scope.partition(':')[2]}"
        found.append(t(zh, en) + where)
    return found


def asking() -> object:
    """Return the visitor, also on a page that was refused before the door knew who asks."""
    return g.get("visitor")


def register(app: Flask) -> None:
    """Give every template these words."""
    app.jinja_env.filters.update(
        tce=tce,
        yuan=yuan,
        whole=whole,
        shanghai=shanghai,
        shanghai_day=shanghai_day,
        word=word,
        phase_word=phase_word,
        words_of=words_of,
    )
    app.jinja_env.globals.update(
        t=t,
        language=language,
        may_do=may_do,
        own_enterprises=own_enterprises,
        roles=roles,
        asking=asking,
        percent=percent,
        moved=moved,
        sign=sign,
        request_path=lambda: request.full_path.rstrip("?"),
    )
