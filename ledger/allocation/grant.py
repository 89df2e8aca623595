"""
Set what the rows of a plan are granted, and write the sheets that say why.

A plan may have ten thousand rows, all of them scaled anew by its last command. So the last steps
of a sheet, which differ from row to row only in their figures, are made once as text to fill in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import msgspec

from ledger.allocation.draft import Draft, Staged, draft_of
from ledger.allocation.methods import (
    Granted,
    Request,
    amounts_to_cap,
    pre_issue_amount,
    scaled_to,
)
from ledger.allocation.prepare import Asked, Planning
from ledger.allocation.quota import (
    Method,
    PlainTerms,
    Terms,
    in_unit,
    paid_of,
    pre_issued,
    quota,
    terms_from_plain,
    versions,
)
from ledger.calculation import Sheet, Step, step
from ledger.command import canonical
from ledger.districts.budget import UNITS
from ledger.policy import as_share
from ledger.versions import RIGHTS

_OPEN = "@"
"""Stands in a step's text where a figure is to be filled in; no step has it otherwise."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of a grant that go out beforehand, and the packs that say so."""

    pre_issue: Fraction
    saleable: Fraction
    packs: tuple[str, ...]

    @classmethod
    def find(cls, planning: Planning) -> "Shares":
        """Return the shares in force for the vintage. Rule: ALC-54."""
        pre_issue = planning.find("allocation.pre_issue_share")
        saleable = planning.find("allocation.pre_issue_saleable_share")
        spoke = (pre_issue, saleable, *planning.paid_found())
        packs = tuple(f"{found.pack_id}@{found.version}" for found in spoke)
        return cls(as_share(pre_issue), as_share(saleable), packs)


class _Packs(msgspec.Struct, frozen=True):
    """The packs that a row's terms name; whatever else the terms say is not read."""

    method_pack: str
    factor_pack: str = ""


@dataclass(frozen=True, slots=True)
class Endings:
    """
    The ends of the sheets of one plan's rows, with places for a row's figures.

    *starts* are the beginnings of the steps of which the first follows the quota's own steps;
    *whole* is the end of a sheet where nothing is scaled, *scaled* where the plan is scaled.
    """

    shares: Shares
    starts: tuple[str, str]
    whole: str
    scaled: str
    packs: dict[_Packs, str] = field(default_factory=dict)

    @classmethod
    def of(cls, shares: Shares, *, unit: str, requested: int, cap: int) -> "Endings":
        """Return the ends for a plan that asks for *requested* of *cap*. Rule: ALC-57, ALC-08."""
        first = pre_issued(0, share=shares.pre_issue, saleable_share=shares.saleable, unit=unit)
        (scaling,) = in_unit(
            scaled_to(Request("", 0), amount=0, total=requested, cap=cap, pack_version=""), unit
        ).sheet.steps
        scaled = _open(scaling, "requested")
        issued = [_open(first.steps[0], "quota"), _open(first.steps[1], "pre_issued")]
        return cls(
            shares=shares,
            starts=(_start(scaled), _start(issued[0])),
            whole=_form((*issued,)),
            scaled=_form((scaled, *issued)),
        )

    def head(self, sheet: str) -> str:
        """Return the quota's own steps, as the text of a row's sheet has them."""
        begin = sheet.index("[") + 1
        found = [place for start in self.starts if (place := sheet.find(start, begin)) >= 0]
        return sheet[begin : min(found)]

    def versions(self, packs: _Packs) -> str:
        """Return the packs that spoke for a row whose terms name *packs*."""
        if packs not in self.packs:
            named = (packs.method_pack, packs.factor_pack, *self.shares.packs)
            self.packs[packs] = versions(named)
        return self.packs[packs]


def _open(one: Step, symbol: str) -> str:
    """Return a step as canonical JSON with places for the input *symbol* and for its result."""
    inputs = tuple((name, _OPEN if name == symbol else text) for name, text in one.inputs)
    (plain,) = Sheet("", (replace(one, inputs=inputs, result=_OPEN),)).plain()["steps"]
    return canonical(plain).decode()


def _start(step_text: str) -> str:
    """Return how a step begins that follows another: with its formula."""
    return "," + step_text.partition(',"inputs"')[0]


def _form(steps: Sequence[str]) -> str:
    return ",".join(steps).replace("%", "%%").replace(_OPEN, "%d")


@dataclass(slots=True)
class Finishing:
    """
    One plan's rows while they are finished: what it asks for, of which *cap*, and the ends.

    *amounts* are what the rows get, in their order, where they ask for more than there is. *left*
    is how many rows that were not asked for now may still be written, None for all of them, and
    *unfinished* counts those that would have to be. *is_told* says that a row is left alone where
    its sheet tells the same scaling already; before version 4 of the rules all were written anew.
    """

    requested: int
    cap: int
    amounts: list[int] | None
    endings: Endings
    left: int | None
    is_told: bool
    unfinished: int = 0

    def row(self, place: int, row: Staged, asked: Asked | None) -> Staged:
        """Return the row at *place* with its grant, or as it is where nothing is to be written."""
        amount = row.requested if self.amounts is None else self.amounts[place]
        if asked is None:
            if self._is_finished(row, amount):
                return row
            if self.left == 0:
                self.unfinished += 1
                return row
            if self.left is not None:
                self.left -= 1
        draft = draft_of(row)
        if '"paid_share"' in draft.terms:  # few packs have such a part
            finish_row(draft, asked or _asked(draft), self._scaling(draft, amount), self.shares)
        else:
            self._finish_free(draft, asked, amount)
        return draft

    @property
    def shares(self) -> Shares:
        """Return the shares of a grant that go out beforehand."""
        return self.endings.shares

    def _is_finished(self, row: Staged, amount: int) -> bool:
        """Return whether an earlier row is granted what it is now, and its sheet says so."""
        if not self.is_told:
            return self.amounts is None and row.granted == row.requested
        if row.granted != amount:
            return False
        scaled = None if self.amounts is None else (str(self.cap), str(self.requested))
        return scaling_of(row.sheet) == scaled

    def _scaling(self, row: Draft, amount: int) -> Granted | None:
        if self.amounts is None:
            return None
        request = Request(row.enterprise, row.requested)
        return scaled_to(
            request, amount=amount, total=self.requested, cap=self.cap, pack_version=""
        )

    def _finish_free(self, row: Draft, asked: Asked | None, granted: int) -> None:
        """Finish a row without a paid part by filling in figures; `finish_row` says the same."""
        if asked is None:
            head = self.endings.head(row.sheet)
            packs = msgspec.json.decode(row.terms, type=_Packs)
        else:
            head = canonical(asked.quota.sheet.plain()["steps"]).decode()[1:-1]
            packs = _Packs(asked.terms.method_pack, asked.terms.factor_pack)
        first = pre_issue_amount(granted, share=self.shares.pre_issue)
        second = pre_issue_amount(first, share=self.shares.saleable)
        figures = (granted, first, first, second)
        if self.amounts is None:
            end = self.endings.whole % figures
        else:
            end = self.endings.scaled % (row.requested, granted, *figures)
        row.granted, row.pre_issued, row.saleable = granted, first, second
        row.pack_version = self.endings.versions(packs)
        row.sheet = f'{{"pack_version":{_quoted(row.pack_version)},"steps":[{head},{end}]}}'


def finish(
    planning: Planning, staged: list[Staged], *, cap: int, at_once: int | None
) -> tuple[list[Staged], int]:
    """
    Set what each staged row is granted and what of it goes out beforehand.

    Where the rows ask for more than *cap*, all of them are scaled anew, earlier ones too, but no
    more than *at_once* of these. Return the rows, and how many of them are still to be scaled.

    Rule: ALC-08, ALC-54, ALC-57, ALC-99.
    """
    requested = sum(row.requested for row in staged)
    unit = UNITS[planning.payload.measure]
    finishing = Finishing(
        requested=requested,
        cap=cap,
        amounts=_scaled(staged, cap=cap) if requested > cap else None,
        endings=Endings.of(Shares.find(planning), unit=unit, requested=requested, cap=cap),
        left=at_once,
        is_told=planning.work.is_since(RIGHTS),
    )
    asked = planning.asked
    rows = [
        finishing.row(place, row, asked.get((row.enterprise, row.product)))
        for place, row in enumerate(staged)
    ]
    return rows, finishing.unfinished


def _scaled(staged: Sequence[Staged], *, cap: int) -> list[int]:
    """Return what each row gets of *cap*, in the order of the rows."""
    requests = [Request(f"{row.enterprise}/{row.product}", row.requested) for row in staged]
    amounts = amounts_to_cap(requests, cap_kgce=cap)
    return [amounts[request.enterprise] for request in requests]


_SCALING = re.compile(r'"cap":"(\d+)","requested":"\d+","total_requested":"(\d+)"')


def scaling_of(sheet: str) -> tuple[str, str] | None:
    """Return the cap and the total to which a row's sheet is scaled, None where it is not."""
    found = _SCALING.search(sheet)
    return (found[1], found[2]) if found else None


def _quoted(text: str) -> str:
    return canonical(text).decode()


def finish_row(row: Draft, asked: Asked, scaled: Granted | None, shares: Shares) -> None:
    """Set what one row is granted, what of it is paid for and what goes out beforehand."""
    terms = asked.terms
    granted = asked.quota if scaled is None else in_unit(scaled, terms.measure_unit)
    paid = paid_of(granted.amount_kgce, terms)
    first = pre_issued(
        granted.amount_kgce - paid.amount_kgce,
        share=shares.pre_issue,
        saleable_share=shares.saleable,
        unit=terms.measure_unit,
    )
    row.granted = granted.amount_kgce
    row.pre_issued, row.saleable = first.amount, first.saleable
    row.pack_version = versions([terms.method_pack, terms.factor_pack, *shares.packs])
    scaling = () if scaled is None else granted.sheet.steps
    free = _free(granted.amount_kgce, paid.amount_kgce, terms) if paid.amount_kgce else ()
    steps = (*asked.quota.sheet.steps, *scaling, *paid.sheet.steps, *free, *first.steps)
    sheet = Sheet(row.pack_version, steps)
    row.sheet = canonical(sheet.plain()).decode()


def _free(granted: int, paid: int, terms: Terms) -> tuple[Step, ...]:
    """Return the step from a grant to the part that goes out without a fee. Rule: ALC-90."""
    part = step(
        "free part",
        "granted − paid",
        {"granted": granted, "paid": paid},
        result=granted - paid,
        unit=terms.measure_unit,
        rule="ALC-90",
    )
    return (part,)


def _asked(row: Staged) -> Asked:
    terms = terms_of_row(row)
    return Asked(terms, quota(terms, output=row.output, pack_version=""))


def terms_of_row(row: Staged) -> Terms:
    """Return the terms that a row was planned on."""
    return terms_from_plain(
        msgspec.json.decode(row.terms, type=PlainTerms),
        method=Method(row.method),
        measure_unit=UNITS[row.measure],
    )
