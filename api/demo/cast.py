"""
Who plays: the enterprises and districts of the demonstration, and the persons who act for them.
"""

import csv
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from api.demo.stage import DEMO
from api.demo.words import Words

REG1, REG2 = "person:REG1", "person:REG2"
CLR1, CLR2 = "person:CLR1", "person:CLR2"
EXC1, EXC2 = "person:EXC1", "person:EXC2"
VER1, VER2 = "person:VER1", "person:VER2"

PACKS = (
    "national",
    "shandong",
    "qingdao",
    "jinan",
    "jiangsu",
    "lianyungang",
    "inner_mongolia",
    "ordos",
    "dongsheng",
    "guizhou",
    "anshun",
    "zhejiang",
    "pinghu",
    "fujian",
    "henan",
    "sichuan",
    "hebei",
    "ningxia",
    "shizuishan",
    "carbon_analogue",
    "sample",
)
"""In the order of adoption: what a pack builds on comes before it."""


@dataclass(frozen=True, slots=True)
class Player:
    """One enterprise and the three persons who act for it."""

    id: str
    name: str
    district: str

    @property
    def called(self) -> Words:
        """What the account calls it; sample enterprises have no English names."""
        return Words(f"{self.name}（{self.id}）", self.id)

    @property
    def trader(self) -> str:
        """Who places its orders."""
        return f"person:{self.id}-T"

    @property
    def compliance(self) -> str:
        """Who reports and surrenders for it."""
        return f"person:{self.id}-C"

    @property
    def admin(self) -> str:
        """Who is its second person."""
        return f"person:{self.id}-A"


@dataclass(frozen=True, slots=True)
class Place:
    """One district, its two officers and the instrument that trades its energy allowances."""

    code: str
    name: str
    name_en: str
    short: str

    @property
    def called(self) -> Words:
        """What the account calls it."""
        return Words(self.name, self.name_en)

    @property
    def officer(self) -> str:
        """Who proposes for the district."""
        return f"person:{self.short}-R1"

    @property
    def instrument(self) -> str:
        """The instrument of its energy allowances of vintage 2025."""
        return f"{self.short}-E25"

    @property
    def asset(self) -> str:
        """Its energy allowance of vintage 2025."""
        return f"energy.flow.general.2025.eq.{self.code}"


_SHORT = {"370200": "QD", "370100": "JN", "320700": "LY", "150602": "DS", "520400": "AS"}


def minute_of_text(text: str) -> int:
    """Return a time of the Shanghai day such as 09:15 as its minute."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the demonstration's CSV files."""
    with (DEMO / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@cache
def players() -> tuple[Player, ...]:
    """Return every enterprise, in the order of the file."""
    return tuple(Player(row["id"], row["name"], row["district"]) for row in rows_of("enterprises"))


@cache
def places() -> tuple[Place, ...]:
    """Return the five districts."""
    return tuple(
        Place(row["code"], row["name"], row["name_en"], _SHORT[row["code"]])
        for row in rows_of("districts")
        if row["code"] in _SHORT
    )


def of_place(place: Place) -> Iterator[Player]:
    """Yield the enterprises of one district."""
    return (player for player in players() if player.district == place.code)


@cache
def dates() -> dict[str, Any]:
    """Return the days on which things happen."""
    found: dict[str, Any] = story()["dates"]
    return found


@cache
def player(enterprise: str) -> Player:
    """Return one enterprise by its id."""
    return next(one for one in players() if one.id == enterprise)


@cache
def place(district: str) -> Place:
    """Return one district by its code."""
    return next(one for one in places() if one.code == district)


@cache
def story() -> dict[str, Any]:
    """Return the dated events of the demonstration."""
    return tomllib.loads((DEMO / "story.toml").read_text(encoding="utf-8"))


@cache
def session() -> dict[str, Any]:
    """Return the open trading session after the year, in which the demonstration ends."""
    return tomllib.loads((DEMO / "session.toml").read_text(encoding="utf-8"))


@cache
def moves() -> dict[str, Any]:
    """Return what moves without a trade in the days before the year is closed."""
    return tomllib.loads((DEMO / "moves.toml").read_text(encoding="utf-8"))
