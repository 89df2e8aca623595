"""
The data that ships with the product, read from this package's own files.

Reading is all that happens here: packs and rules take effect only through commands.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from ledger.parameter_register import ParameterRegister, parse_parameters
from ledger.policy import Pack, chain, parse_pack
from ledger.rules import Rule, parse_rules, register

_HERE = Path(__file__).parent


def read_pack(pack_id: str) -> Pack:
    """Return the pack of `seeds/packs/<pack_id>.toml`; raise KeyError where there is none."""
    return read_packs()[pack_id]


def read_packs() -> dict[str, Pack]:
    """Return every pack by id, each checked and with all it builds on present."""
    packs = {path.stem: parse_pack(_toml(path)) for path in sorted(_HERE.glob("packs/*.toml"))}
    for pack_id, pack in packs.items():
        assert pack.id == pack_id, f"packs/{pack_id}.toml names itself {pack.id}"
        chain(packs, pack_id)
    return packs


def read_industry_lists() -> dict[str, Mapping[str, object]]:
    """Return every list of two-high industries by version, as the command that adopts it says."""
    return {path.stem: _toml(path) for path in sorted(_HERE.glob("two_high/*.toml"))}


def read_rules() -> dict[str, Rule]:
    """Return the rule register by id, from every `seeds/rules/*.toml`."""
    paths = sorted(_HERE.glob("rules/*.toml"))
    return register(rule for path in paths for rule in parse_rules(_toml(path)))


def read_parameters() -> ParameterRegister:
    """Return what every key of a pack means, from `seeds/parameters.toml`."""
    return parse_parameters(_toml(_HERE / "parameters.toml"))


def _toml(path: Path) -> Mapping[str, object]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
