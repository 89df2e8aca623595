"""
What a refusal says to people: its HTTP status, a title in two languages, a sentence in Chinese.

The texts are data (`seeds/refusals`), one table a code; this module reads them and fills a
template in with the facts of one refusal. English detail is the refusal's own sentence.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import seeds
from ledger.days import text_of
from ledger.errors import Fact, refusal_classes
from ledger.rules import Rule
from ledger.units import format_tce, format_yuan

STATUSES = frozenset(
    {400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422, 428, 429, 431, 500, 503}
)
MARKS = frozenset({"amount", "tce", "yuan", "time", "word", "title"})
MISSING = "—"
STATUS_UNWORDED = 422

TEXTS = Path(seeds.__file__).parent / "refusals"

_PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)(?::([a-z]+))?\}", re.ASCII)
_PARTS = re.compile(r"(, ?| or )")
_FIELDS = {"status", "title", "title_zh", "detail_zh"}
_LAYERS = {"ledger", "market", "api"}
_FACT_MAX = 200
_WORDS = "words"
_UNTITLED = {"zh": "未予受理", "en": "Refused"}
_MEASURE_UNITS = {"energy": "吨标准煤", "coal": "吨煤", "carbon": "吨二氧化碳"}


@dataclass(frozen=True, slots=True)
class Text:
    """The texts of one code; *detail_zh* is a template over the facts of the refusal."""

    status: int
    title: str
    title_zh: str
    detail_zh: str

    def placeholders(self) -> tuple[tuple[str, str], ...]:
        """Return each fact that the template names with its format mark, "" for plain."""
        return tuple((each[1], each[2] or "") for each in _PLACEHOLDER.finditer(self.detail_zh))


@dataclass(frozen=True, slots=True)
class Wording:
    """Texts by code, Chinese for the English words that facts hold, and the rule register."""

    texts: Mapping[str, Text]
    words: Mapping[str, str]
    rules: Mapping[str, Rule]

    def status(self, code: str) -> int:
        """Return the HTTP status of *code*; 422 where no row has it."""
        text = self.texts.get(code)
        return STATUS_UNWORDED if text is None else text.status

    def title(self, code: str, language: str) -> str:
        """Return the few words that head the refusal; *language* is "en", anything else Chinese."""
        text = self.texts.get(code)
        if text is None:
            return _UNTITLED["en" if language == "en" else "zh"]
        return text.title if language == "en" else text.title_zh

    def detail(
        self, code: str, rule: str, message: str, facts: Mapping[str, Fact], language: str
    ) -> str:
        """
        Return the sentence that says what was refused and what to do; never raise.

        English is *message*, or the title where a face said none. Chinese is the template of
        *code* with *facts* filled in; a code without a row says the sentence of its rule.
        """
        if language == "en" and message:
            return message
        text = self.texts.get(code)
        if text is None:
            return self._sentence(rule, language) or message or self.title(code, language)
        if language == "en":
            return text.title

        def filled(place: re.Match[str]) -> str:
            return self._said(place[1], place[2] or "", facts)

        return _PLACEHOLDER.sub(filled, text.detail_zh)

    def require_complete(self, codes: Iterable[str] | None = None) -> None:
        """
        Assert that every code has a row and every row is sound; call it when the program starts.

        Without *codes* these are the codes of every refusal class imported so far.
        """
        wanted = _declared() if codes is None else codes
        unworded = sorted(set(wanted) - set(self.texts))
        assert not unworded, f"seeds/refusals has no row for {', '.join(unworded)}"
        for code, text in self.texts.items():
            assert text.status in STATUSES, f"{code}: {text.status} is not a declared status"
            for _, mark in text.placeholders():
                assert not mark or mark in MARKS, f"{code}: there is no format mark {mark}"

    def _sentence(self, rule: str, language: str) -> str:
        found = self.rules.get(rule)
        if found is None:
            return ""
        return found.sentence if language == "en" else found.sentence_zh

    def _said(self, name: str, mark: str, facts: Mapping[str, Fact]) -> str:
        value = facts.get(name, "")
        if value == "":
            return MISSING
        if mark == "word":
            return self._each(str(value), self.words)
        if mark == "title":
            return self._each(str(value), {code: t.title_zh for code, t in self.texts.items()})
        if isinstance(value, int) and not isinstance(value, bool):
            return _number(value, mark, facts)
        return _shown(str(value))

    def _each(self, value: str, known: Mapping[str, str]) -> str:
        if value in known:
            return known[value]
        joints = {", ": "、", ",": "、", " or ": "或"}
        parts = _PARTS.split(_shown(value))
        return "".join(joints.get(part) or known.get(part, part) for part in parts)


def read_wording() -> Wording:
    """Return the texts of `seeds/refusals`, each checked for its fields and each code once."""
    texts: dict[str, Text] = {}
    words: dict[str, str] = {}
    for path in sorted(TEXTS.glob("*.toml")):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        if path.stem == _WORDS:
            words.update(document)
            continue
        for code, row in document.items():
            assert set(row) == _FIELDS, f"{path.name}: {code} has the fields {sorted(row)}"
            assert code not in texts, f"{path.name}: {code} has a row already"
            texts[code] = Text(**row)
    return Wording(texts=texts, words=words, rules=seeds.read_rules())


def _declared() -> Iterable[str]:
    """Yield the codes of the product's refusals; those of tests are none of them."""
    for each in refusal_classes():
        if each.__module__.partition(".")[0] in _LAYERS:
            yield each.code


def _shown(text: str) -> str:
    """Return text of others so that it fits a sentence: of some length, and every sign visible."""
    return "".join(sign if sign.isprintable() else "�" for sign in text[:_FACT_MAX])


def _number(value: int, mark: str, facts: Mapping[str, Fact]) -> str:
    if mark == "amount":
        return _amount(value, facts)
    if mark == "tce":
        return format_tce(value)
    if mark == "yuan":
        return format_yuan(value)
    if mark == "time":
        return _instant(value)
    return str(value)


def _amount(value: int, facts: Mapping[str, Fact]) -> str:
    """Return minor units with the unit that the facts tell: by their asset, else their measure."""
    kind = str(facts.get("asset") or facts.get("measure") or "").partition(".")[0]
    if kind == "cash":
        return f"{format_yuan(value)} 元"
    if kind in _MEASURE_UNITS:
        return f"{format_tce(value)} {_MEASURE_UNITS[kind]}"
    return f"{value:,}（最小单位）"


def _instant(value: int) -> str:
    try:
        return text_of(value)
    except OverflowError:  # beyond the year 9999: as it was sent
        return str(value)
