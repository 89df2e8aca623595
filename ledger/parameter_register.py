"""
The register of parameters: which keys there are, in which unit, and what each means.

The register is a guard against slips of the pen in files. It decides no command: a value that a
pack holds counts by its own unit, whatever release reads it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from ledger.errors import Refused
from ledger.pack import Pack

_FIELDS = {"unit", "meaning", "meaning_zh"}


class ParameterKeyUnknown(Refused):
    """A file of a pack gives a key that is not in the register."""

    code = "pack_key_unknown"
    rule = "POL-14"

    def __init__(self, pack: str, *, key: str, nearest: str) -> None:
        hint = f"did you mean {nearest}?" if nearest else "nothing like it is there"
        super().__init__(
            f"Pack {pack} gives {key}, which is not in the register of parameters: {hint}",
            pack=pack,
            key=key,
            nearest=nearest,
        )


@dataclass(frozen=True, slots=True)
class Meaning:
    """
    What one key, or every key of one pattern, means; *unit* is empty where it is the value's own.

    In a pattern ``*`` stands for one or more characters.
    """

    pattern: str
    unit: str
    meaning: str
    meaning_zh: str

    def fits(self, key: str) -> bool:
        """Return whether the row speaks of *key*."""
        parts = map(re.escape, self.pattern.split("*"))
        return re.fullmatch(".+".join(parts), key) is not None


class ParameterRegister:
    """Every meaning; a key written out counts before a pattern, a longer pattern before others."""

    def __init__(self, meanings: Iterable[Meaning]) -> None:
        listed = sorted(meanings, key=lambda each: (-len(each.pattern), each.pattern))
        self.exact = {each.pattern: each for each in listed if "*" not in each.pattern}
        self.patterns = [each for each in listed if "*" in each.pattern]

    def of(self, key: str) -> Meaning | None:
        """Return what *key* means, or None where nobody has said."""
        if key in self.exact:
            return self.exact[key]
        return next((each for each in self.patterns if each.fits(key)), None)

    def require_known(self, pack: Pack) -> None:
        """Refuse a pack with a key that is not in the register. Rule: POL-14."""
        for parameter in pack.parameters:
            if self.of(parameter.key) is None:
                near = get_close_matches(parameter.key, self.exact, n=1)
                raise ParameterKeyUnknown(pack.id, key=parameter.key, nearest="".join(near))


def parse_parameters(document: Mapping[str, object]) -> ParameterRegister:
    """Return the register that a decoded TOML file describes. Rule: POL-14."""
    meanings = []
    for pattern, fields in document.items():
        assert isinstance(fields, Mapping), f"{pattern} is no table"
        assert set(fields) == _FIELDS, f"{pattern} needs {sorted(_FIELDS)}"
        meanings.append(Meaning(pattern, **fields))
    return ParameterRegister(meanings)
