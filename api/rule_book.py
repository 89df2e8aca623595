"""
The book of rules: every rule and every parameter on one page, generated from the data and the code.

Nobody writes docs/rules.md by hand: a test makes it again and compares it byte for byte.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import seeds
from ledger.pack import Pack, Parameter, label_zh
from ledger.parameter_register import ParameterRegister
from ledger.policy import chain
from ledger.rules import Rule

ROOT = Path(seeds.__file__).resolve().parents[1]
LAYERS = ("ledger", "market", "api")
FIGURES = ("reference.", "limit.", "tariff.")
"""How the keys of published figures and tables begin, which are many and for comparison."""
NO_PLACE = frozenset({"sample", "carbon_analogue"})
"""Packs that speak for no place, so that they differ from nobody."""

_CITED = re.compile(r"\b[A-Z]{3}-[0-9]{2}\b")
_TEXT = re.compile(r'"([a-z0-9_{][a-z0-9_.{}()]*)"')
_FAMILY = re.compile(r"[a-z][a-z0-9_]*\.")
_PART = re.compile(r"\{[^}]*\}")
_HEAD = """\
# Rules and parameters

Generated from `seeds/rules`, `seeds/packs`, `seeds/parameters.toml` and the code: do not edit it;
`yongneng rules --write docs/rules.md` makes it again and a test compares it byte for byte.
本文件由程序生成，请勿手工修改。

Only what is **confirmed** (已核对原文) was checked with its text and may be shown as law. The
rest is an analogue from another place or market (参照), unconfirmed (未核实), decided here
(本系统设定) or a sample (示例). A compliance year opens on unconfirmed and analogous values
only under recorded waivers (CMP-52, POL-12). Quotes stand in the packs.
"""


@dataclass(frozen=True)
class Sources:
    """What the book is made of: the data that ships and the text of every module."""

    rules: Mapping[str, Rule]
    packs: Mapping[str, Pack]
    register: ParameterRegister
    modules: Mapping[str, str] = field(repr=False)

    @cached_property
    def citations(self) -> dict[str, list[str]]:
        """Return the modules that cite each rule."""
        found: dict[str, list[str]] = {}
        for name, text in self.modules.items():
            for rule_id in sorted(set(_CITED.findall(text))):
                found.setdefault(rule_id, []).append(name)
        return found

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """Return the modules that name each key, written out or as part of a longer text."""
        keys = {each.key for pack in self.packs.values() for each in pack.parameters}
        keys |= self.register.exact.keys()
        found: dict[str, list[str]] = {}
        for name, text in self.modules.items():
            for key in _keys_in(text, keys):
                found.setdefault(key, []).append(name)
        return found


def read_sources(root: Path = ROOT) -> Sources:
    """Return the data of this release and the modules below *root*."""
    modules = {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for layer in LAYERS
        for path in sorted((root / layer).rglob("*.py"))
    }
    return Sources(seeds.read_rules(), seeds.read_packs(), seeds.read_parameters(), modules)


def rule_book(sources: Sources) -> str:
    """Return docs/rules.md: rules, packs, where sources differ, and every parameter."""
    parts = [_HEAD, *_rules(sources), *_packs(sources), *_differences(sources)]
    return "\n".join([*parts, *_parameters(sources)]).rstrip() + "\n"


def differing(packs: Mapping[str, Pack]) -> dict[str, list[tuple[str, Parameter]]]:
    """Return the keys for which two places say different things on one day, with all they say."""
    said: dict[str, list[tuple[str, Parameter]]] = {}
    for pack in packs.values():
        if pack.id not in NO_PLACE:
            for each in pack.parameters:
                if not each.key.startswith(FIGURES):
                    said.setdefault(each.key, []).append((pack.id, each))
    return {key: said[key] for key in sorted(said) if _differ(said[key])}


def _differ(said: list[tuple[str, Parameter]]) -> bool:
    return any(
        one != other and _meant(first) != _meant(second) and _share_a_day(first, second)
        for number, (one, first) in enumerate(said)
        for other, second in said[number + 1 :]
    )


def _meant(parameter: Parameter) -> object:
    """Return a value for comparison; a list says the same in any order."""
    return frozenset(parameter.value) if isinstance(parameter.value, tuple) else parameter.value


def _share_a_day(first: Parameter, second: Parameter) -> bool:
    day = max(first.valid_from, second.valid_from)
    return first.is_in_force(day) and second.is_in_force(day)


def _keys_in(text: str, keys: Iterable[str]) -> set[str]:
    """Return the keys that a module names; `{…}` in a text stands for one or more words."""
    texts = set(_TEXT.findall(text))
    found = {key for key in keys if key in texts}
    patterns = [each for each in texts if "{" in each and _FAMILY.match(each)]
    for pattern in patterns:
        shape = re.compile(".+".join(map(re.escape, _PART.split(pattern))))
        found |= {key for key in keys if shape.fullmatch(key)}
    return found


def _rules(sources: Sources) -> Iterator[str]:
    yield "## Rules\n"
    subject = ""
    for rule_id in sorted(sources.rules):
        rule = sources.rules[rule_id]
        if rule_id[:3] != subject:
            subject = rule_id[:3]
            yield f"\n### {subject}\n"
            yield "| rule | says | 规则 | source | standing | cited in |"
            yield "|---|---|---|---|---|---|"
        cited = ", ".join(f"`{name}`" for name in sources.citations.get(rule_id, ()))
        yield _row(
            rule_id, rule.sentence, rule.sentence_zh, rule.source, rule.status.value, cited or "–"
        )


def _packs(sources: Sources) -> Iterator[str]:
    yield "\n## Packs\n"
    yield "The most local value in force wins; the chain is read from left to right.\n"
    yield "| pack | name | chain | values | of which confirmed |"
    yield "|---|---|---|---|---|"
    for pack_id in sorted(sources.packs):
        pack = sources.packs[pack_id]
        heard = " → ".join(each.id for each in chain(sources.packs, pack_id))
        law = sum(each.status.is_law for each in pack.parameters)
        name = f"{pack.name} {pack.name_en}" + (" (draft 征求意见稿)" if pack.draft else "")
        yield _row(pack_id, name, heard, str(len(pack.parameters)), str(law))


def _differences(sources: Sources) -> Iterator[str]:
    yield "\n## Where sources differ\n"
    yield "Keys for which two packs give different values on one day. Nobody is made to agree: each"
    yield "place keeps its own. 各地规定不一致的，并存，各按其地。\n"
    yield "| key | meaning | 含义 | what each says |"
    yield "|---|---|---|---|"
    for key, said in differing(sources.packs).items():
        told = "; ".join(
            f"{pack} **{_value(each)}** ({each.status.value}{_until(each)})" for pack, each in said
        )
        yield _row(key, *_meaning(sources, key), told)


def _parameters(sources: Sources) -> Iterator[str]:
    yield "\n## Parameters\n"
    keys: dict[str, list[tuple[str, Parameter]]] = {}
    for pack in sources.packs.values():
        for each in pack.parameters:
            keys.setdefault(each.key, []).append((pack.id, each))
    figures = sum(len(said) for key, said in keys.items() if key.startswith(FIGURES))
    yield f"{figures} published figures, limits and tariffs stand in the packs only.\n"
    silent = sources.register.exact.keys() - keys.keys()
    for key in sorted(keys.keys() | silent):
        if not key.startswith(FIGURES):
            yield from _parameter(sources, key, keys.get(key, []))


def _parameter(sources: Sources, key: str, said: list[tuple[str, Parameter]]) -> Iterator[str]:
    meaning, meaning_zh = _meaning(sources, key)
    readers = ", ".join(f"`{name}`" for name in sources.readers.get(key, ()))
    yield f"\n### {key}\n"
    yield f"{meaning} · {meaning_zh}\n"
    yield f"Read in: {readers or 'no module; kept for reference'}\n"
    if not said:
        yield "No pack that ships gives a value: until one does, whatever needs it is refused."
        return
    yield "| pack | value | unit | in force | standing | source |"
    yield "|---|---|---|---|---|---|"
    for pack, each in said:
        days = f"{each.valid_from}{_until(each) or ' on'}"
        standing = f"{each.status.value} {label_zh(each.status)}"
        yield _row(pack, _value(each), each.unit, days, standing, _source(each))


def _meaning(sources: Sources, key: str) -> tuple[str, str]:
    found = sources.register.of(key)
    return ("", "") if found is None else (found.meaning, found.meaning_zh)


def _value(parameter: Parameter) -> str:
    value = parameter.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _until(parameter: Parameter) -> str:
    return "" if parameter.valid_to is None else f" to {parameter.valid_to}"


def _source(parameter: Parameter) -> str:
    texts = (parameter.document, parameter.section, parameter.note)
    return " · ".join(text for text in texts if text is not None)


def _row(*cells: str) -> str:
    """Return one line of a table; what would end a cell or a line is escaped."""
    escaped = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(escaped)} |"
