"""
What a compliance year comes to by the rules in words, on flat dictionaries.

Nothing here knows the product but the names of accounts and refusals. An asset is taken apart at
its dots, balances are kept by (account, asset), and the rules are those of the register.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

YEAR, DEADLINE = 2025, date(2026, 6, 30)
MORE = (("E4", "990102", "CEMENT"), ("E5", "990101", "TEXTILE"), ("E6", "990102", "TEXTILE"))
AREA = {"E1": "990101", "E2": "990101", "E3": "990102"} | {name: area for name, area, _ in MORE}
FIRMS, TWO_HIGH = tuple(sorted(AREA)), {"E2", "E4"}
LATE, SILENT = "E5", "E6"
"""E5's obligation is computed some time in the year; E6 never reports."""

MEASURES = ("energy", "coal")
FREE, LEFT = ("bought", "holding"), ("restricted", "bought", "holding")
TIED = ("held", "pledged", "frozen", "restricted")
CLASSES = ("two_high", "renewable", "other", "general")
PRICE = 20
"""Fen a kgce: 20,000,000 fen were paid for 1,000,000 kgce. Fines are one to three times that."""


@dataclass(frozen=True)
class Terms:
    """What the packs of one game say; *share* None sets no limit on banking."""

    grace: int
    forced: bool
    multiplier: Fraction
    bought_for_two_high: bool
    banking: bool
    share: Fraction | None
    own_deadline: bool
    fine_on_rest: bool
    is_priced: bool

    @classmethod
    def drawn(cls, chance):
        return cls(
            grace=chance.choice((0, 10)),
            forced=chance.random() < 0.7,
            multiplier=chance.choice((Fraction(1), Fraction(2), Fraction(3, 2))),
            bought_for_two_high=chance.random() < 0.5,
            banking=chance.random() < 0.7,
            share=chance.choice((None, Fraction(1, 10), Fraction(1, 3))),
            own_deadline=chance.random() < 0.5,
            fine_on_rest=chance.random() < 0.5,
            is_priced=chance.random() < 0.7,
        )

    def values(self):
        """The same as parameters of the sample pack."""
        share = None if self.share is None else (str(self.share), "share")
        base = "unrecovered" if self.fine_on_rest else "whole_shortfall"
        end = "vintage" if self.own_deadline else "next_vintage"
        return {
            "shortfall.grace_days": (self.grace, "day"),
            "shortfall.forced_deduction": (self.forced, "switch"),
            "shortfall.next_year_multiplier": (str(self.multiplier), "ratio"),
            "surrender.bought_general_for_two_high": (self.bought_for_two_high, "switch"),
            "banking": (self.banking, "switch"),
            "banking_share": share,
            "expiry": (f"surrender_deadline_of_{end}", "choice"),
            "shortfall.fine_base": (base, "choice"),
        }

    @property
    def last_day(self):
        return DEADLINE + timedelta(days=self.grace)

    @property
    def oldest(self):
        """A vintage answers for its own year, and for the next where it lives that long."""
        return YEAR - 1 if self.banking and not self.own_deadline else YEAR


def issued(name, year):
    """The energy and the coal that an enterprise is issued for a year."""
    ends = f"flow.general.{year}"
    return f"energy.{ends}.eq.{AREA[name]}", f"coal.{ends}.na.{AREA[name]}"


def half_up(exact):
    return int(exact + Fraction(1, 2))


class Oracle:
    """What the rules say in words, on plain dictionaries."""

    def __init__(self, terms):
        self.terms = terms
        self.day = date(2026, 1, 15)
        self.units = defaultdict(int)
        self.owed, self.paid, self.forced = {}, Counter(), Counter()
        self.holds, self.done, self.year_closed = {}, set(), False
        self.cuts, self.claims, self.penalties = {}, [], []

    def move(self, source, destination, asset, amount):
        self.units[source, asset] -= amount
        self.units[destination, asset] += amount

    def outstanding(self, name, measure):
        key = (name, measure)
        return max(self.owed[key] - self.paid[key] - self.forced[key], 0)

    def serves(self, asset, name, measure):
        """Right measure, yearly, in equivalent value, and for use here or in the whole city."""
        parts = asset.split(".")
        basis = "eq" if measure == "energy" else "na"
        return (
            parts[0] == measure
            and parts[1] == "flow"
            and parts[4] == basis
            and parts[5] in (AREA[name], "990000")
        )

    def barred(self, asset, name, purpose):
        """Who is two-high hands over nothing bought but two-high, unless the switch is on."""
        is_open = name not in TWO_HIGH or self.terms.bought_for_two_high
        return not is_open and purpose == "bought" and ".two_high." not in asset

    def found(self, name, measure, purposes):
        """(vintage, class, how wide, asset, purpose, amount) of what may answer, in order."""
        units = []
        for (address, asset), amount in self.units.items():
            owner, _, purpose = address.removeprefix("enterprise:").partition(":")
            if owner != name or purpose not in purposes or amount == 0:
                continue
            if self.serves(asset, name, measure) and not self.barred(asset, name, purpose):
                _, _, origin, vintage, _, area = asset.split(".")
                rank = (int(vintage), CLASSES.index(origin), area == "990000", asset, purpose)
                units.append((*rank, amount))
        return sorted(units)

    def usable(self, name, measure, purposes=FREE):
        units = self.found(name, measure, purposes)
        return [unit for unit in units if self.terms.oldest <= unit[0] <= YEAR]

    def available(self, name, measure):
        return sum(unit[-1] for unit in self.usable(name, measure))

    def hand_over(self, name, units, amount):
        for *_, asset, purpose, free in units:
            part = min(free, amount)
            if part:
                address = f"enterprise:{name}:{purpose}"
                self.move(address, "scheme:surrendered:2025", asset, part)
            amount -= part
        assert amount == 0

    def surrender(self, payload):
        name, measure, amount = payload.enterprise, payload.measure, payload.amount
        if name not in AREA:
            return "party_unknown"
        if payload.year != YEAR:
            return "compliance_year_unknown"
        if self.day > self.terms.last_day:
            return "deadline_passed"
        if name in self.done:
            return "enterprise_year_closed"
        if self.year_closed:
            return "compliance_year_state"
        if (name, measure) not in self.owed:
            return "verification_pending" if name == SILENT else "obligation_missing"
        if amount <= 0:
            return "amount_not_positive"
        if amount > self.outstanding(name, measure):
            return "over_surrender"
        code = self.chosen(payload) if payload.choices else self.picked(name, measure, amount)
        if code == "ok":
            self.paid[name, measure] += amount
        return code

    def picked(self, name, measure, amount):
        free = self.available(name, measure)
        if amount > free:
            tied = sum(unit[-1] for unit in self.usable(name, measure, TIED))
            return "units_encumbered" if amount - free <= tied else "units_insufficient"
        self.hand_over(name, self.usable(name, measure), amount)
        return "ok"

    def chosen(self, payload):
        name, measure = payload.enterprise, payload.measure
        wanted = {choice.asset: choice.amount for choice in payload.choices}
        parts = [choice.amount for choice in payload.choices]
        if sum(parts) != payload.amount or len(wanted) < len(parts) or min(parts) <= 0:
            return "choice_uneven"
        units = [unit for unit in self.found(name, measure, FREE) if unit[3] in wanted]
        for asset in wanted:
            if code := self.unfit(asset, name, measure, units):
                return code
        for vintage, *_ in units:
            if vintage > YEAR:
                return "vintage_not_yet_usable"
            if vintage < self.terms.oldest:
                return "allowance_expired"
        for asset, amount in wanted.items():
            if amount > sum(unit[-1] for unit in units if unit[3] == asset):
                return "chosen_above_held"
        for asset, amount in wanted.items():
            self.hand_over(name, [unit for unit in units if unit[3] == asset], amount)
        return "ok"

    def unfit(self, asset, name, measure, units):
        """Why no account of the enterprise could answer with *asset*; empty if one could."""
        if not asset.startswith(f"{measure}.flow."):
            return "asset_not_surrendered"
        if ".cal." in asset:
            return "basis_not_accepted"
        if not self.serves(asset, name, measure):
            return "area_not_accepted"
        held = any(self.units[f"enterprise:{name}:{purpose}", asset] for purpose in FREE)
        fits = any(unit[3] == asset for unit in units)
        return "class_not_accepted" if held and not fits else ""

    def close(self, name):
        """Return the code, and the figures of each measure."""
        if name not in AREA:
            return "party_unknown", {}
        if self.day <= DEADLINE or self.year_closed:
            return "compliance_year_state", {}
        if name in self.done:
            return "enterprise_year_closed", {}
        if (name, "energy") not in self.owed:
            return "obligation_missing", {}
        is_short = any(self.outstanding(name, measure) for measure in MEASURES)
        if self.day <= self.terms.last_day and is_short:
            return "grace_running", {}
        if any(self.units[f"enterprise:{name}:restricted", code] for code in issued(name, YEAR)):
            return "true_up_missing", {}
        self.done.add(name)
        return "ok", {measure: self.close_measure(name, measure) for measure in MEASURES}

    def close_measure(self, name, measure):
        missing = self.outstanding(name, measure)
        usable = self.usable(name, measure)
        took = min(missing, sum(unit[-1] for unit in usable)) if self.terms.forced else 0
        self.hand_over(name, usable, took)
        self.forced[name, measure] += took
        cut = half_up((missing - took) * self.terms.multiplier)
        if cut:
            self.cuts[name, measure] = cut
        if missing:
            self.propose(name, measure, missing, missing - took)
        banked, expired = self.lapse(name, measure, owed=self.owed[name, measure])
        return {
            "missing": missing,
            "recovered": took,
            "deducted_next": cut,
            "banked": banked,
            "expired": expired,
        }

    def propose(self, name, measure, missing, rest):
        base, ends = rest if self.terms.fine_on_rest else missing, (None, None)
        if self.terms.is_priced and measure == "energy":
            ends = (base * PRICE, base * PRICE * 3)
        self.penalties += [
            (name, measure, "fine", base, *ends),
            (name, measure, "credit_record", missing, None, None),
        ]

    def left(self, name, measure, before):
        """(purpose, asset, amount) of yearly units that are free and older than *before*."""
        return sorted(
            (LEFT.index(purpose), asset, self.units[address, asset])
            for purpose in LEFT
            for address, asset in list(self.units)
            if address == f"enterprise:{name}:{purpose}"
            and asset.startswith(f"{measure}.flow.")
            and int(asset.split(".")[3]) < before
            and self.units[address, asset]
        )

    def lapse(self, name, measure, *, owed):
        """Older vintages expire; of the year's own so much stays or is exchanged as may."""
        ended = self.left(name, measure, YEAR + 1)
        own = [unit for unit in ended if f".{YEAR}." in unit[1]]
        unused = sum(amount for *_, amount in own)
        share = self.terms.share
        limit = 0 if not self.terms.banking else unused if share is None else int(owed * share)
        banked = min(unused, limit)
        going, expired = unused - banked, 0
        for place, asset, amount in ended:
            address = f"enterprise:{name}:{LEFT[place]}"
            part = min(amount, going) if f".{YEAR}." in asset else amount
            if f".{YEAR}." in asset:
                going -= part
                if self.terms.oldest == YEAR:
                    self.exchange(address, asset, amount - part)
            self.move(address, "scheme:expired", asset, part)
            expired += part
        return banked, expired

    def exchange(self, address, asset, amount):
        following = asset.replace(f".{YEAR}.", f".{YEAR + 1}.")
        self.move(address, "scheme:converted", asset, amount)
        self.move("scheme:issuance", address, following, amount)

    def sweep(self, name):
        if not self.year_closed:
            return "compliance_year_state", 0
        if name not in self.done:
            return "ok", sum(self.lapse(name, measure, owed=0)[1] for measure in MEASURES)
        expired = 0
        for measure in MEASURES:
            for place, asset, amount in self.left(name, measure, self.terms.oldest + 1):
                self.move(f"enterprise:{name}:{LEFT[place]}", "scheme:expired", asset, amount)
                expired += amount
        return "ok", expired

    def deduct(self, name):
        """Take next year's units back, pre-issued ones first; claim what is not there."""
        if not any((name, measure) in self.cuts for measure in MEASURES):
            return "deduction_missing", {}
        taken = claimed = 0
        for measure in MEASURES:
            owed = self.cuts.pop((name, measure), 0)
            asset = issued(name, YEAR + 1)[MEASURES.index(measure)]
            for purpose in ("restricted", "holding"):
                address = f"enterprise:{name}:{purpose}"
                part = min(owed, self.units[address, asset])
                self.move(address, f"district:{AREA[name]}:budget", asset, part)
                taken, owed = taken + part, owed - part
            claimed += owed
            self.claims += [(name, asset, owed)] * bool(owed)
        return "ok", {"year": YEAR + 1, "taken": taken, "claimed": claimed}

    def close_year(self):
        if self.day <= DEADLINE or self.year_closed:
            return "compliance_year_state"
        if {name for name, _ in self.owed} - self.done:
            return "enterprises_waiting"
        self.year_closed = True
        return "ok"

    def compute(self, name, energy, coal):
        if self.year_closed:
            return "compliance_year_state"
        if name == SILENT:
            return "verification_pending"
        if (name, "energy") in self.owed:
            return "obligation_exists"
        self.owed[name, "energy"], self.owed[name, "coal"] = energy, coal
        return "ok"
