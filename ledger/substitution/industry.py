"""
Lists of two-high industries: dated versions that enter the ledger by four eyes and stay.

Which list speaks where is said by the pack (``two_high.list``); an industry that it does not name
is refused, never guessed.
"""

import re
from datetime import date
from typing import ClassVar, Literal

import msgspec

from ledger.adopt import SampleOutsideDemonstration
from ledger.command import Payload
from ledger.errors import Refused
from ledger.policy import as_text
from ledger.rows import each_row
from ledger.subject import Result
from ledger.substitution.evidence import require_document
from ledger.substitution.project_tables import IndustryListRow, IndustryRow
from ledger.substitution.read_terms import Reader
from ledger.tables import LedgerRow
from ledger.work import Work

_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


class IndustryListExists(Refused):
    """A list of this version was adopted; a changed list takes another version."""

    code = "industry_list_exists"
    rule = "SUB-60"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"list {version} was adopted already and stands; give a changed list another version",
            version=version,
        )


class IndustryWordMalformed(Refused):
    """A version or a code of an industry is not a plain lower-case word."""

    code = "industry_word_malformed"
    rule = "SUB-60"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:40]!r} is not a word such as cement_clinker: lower-case letters, digits and _",
            text=text[:40],
        )


class IndustryTwice(Refused):
    """One industry stands twice in a list."""

    code = "industry_twice"
    rule = "SUB-60"

    def __init__(self, industry: str) -> None:
        super().__init__(f"{industry} stands twice in the list; leave one", industry=industry)


class IndustryDaysReversed(Refused):
    """A list ends before it begins."""

    code = "industry_list_days_reversed"
    rule = "SUB-60"

    def __init__(self, version: str, *, valid_from: date, valid_to: date) -> None:
        super().__init__(
            f"list {version} ends on {valid_to}, before it begins on {valid_from}",
            version=version,
            valid_from=valid_from.isoformat(),
            valid_to=valid_to.isoformat(),
        )


class IndustryListNotInForce(Refused):
    """The list that the pack names was not adopted, or does not run on the day."""

    code = "industry_list_not_in_force"
    rule = "SUB-61"

    def __init__(self, version: str, *, on: date) -> None:
        super().__init__(
            f"the pack names list {version}, which is not in force on {on}: adopt it, or let the "
            "pack name the list of that day",
            version=version,
            on=on.isoformat(),
        )


class IndustryUnknown(Refused):
    """The list in force does not name this industry."""

    code = "industry_unknown"
    rule = "SUB-61"

    def __init__(self, industry: str, *, version: str, on: date) -> None:
        super().__init__(
            f"{industry[:40]!r} is not in list {version}, which is in force on {on}; name an "
            "industry of that list",
            industry=industry[:40],
            version=version,
            on=on.isoformat(),
        )


class IndustryLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One industry of a list, by a word such as cement_clinker; *link* is the link of the list it is.

    *product* and *process* narrow it where the list does.
    """

    code: str
    link: str
    name: str
    name_en: str
    product: str = ""
    process: str = ""
    category: Literal["two_high", "two_high_one_low"] = "two_high"


class AdoptIndustries(Payload, frozen=True):
    """
    Adopt one version of a list of two-high industries (“两高”行业目录).

    *status* is as of a pack's value: confirmed, unconfirmed, analogue, decided_here or sample.
    """

    kind: ClassVar[str] = "industries.adopt"
    version: str
    name: str
    name_en: str
    valid_from: date
    document: str
    status: Literal["confirmed", "analogue", "unconfirmed", "decided_here", "sample"]
    rows: tuple[IndustryLine, ...]
    valid_to: date | None = None


def adopt_industries(work: Work, payload: AdoptIndustries) -> Result:
    """Put a list in the ledger; a live ledger takes no sample. Rule: SUB-60."""
    _require_word(payload.version)
    if work.session.get(IndustryListRow, payload.version) is not None:
        raise IndustryListExists(payload.version)
    if payload.valid_to is not None and payload.valid_to < payload.valid_from:
        raise IndustryDaysReversed(
            payload.version, valid_from=payload.valid_from, valid_to=payload.valid_to
        )
    require_document("the list", payload.document)
    if payload.status == "sample" and work.session.get_one(LedgerRow, 1).purpose == "live":
        raise SampleOutsideDemonstration(payload.version)
    work.session.add(
        IndustryListRow(
            version=payload.version,
            name=payload.name,
            name_en=payload.name_en,
            valid_from=payload.valid_from.isoformat(),
            valid_to="" if payload.valid_to is None else payload.valid_to.isoformat(),
            document=payload.document,
            status=payload.status,
            adopted_by=work.sequence,
        )
    )
    # No relationship tells the session that industries refer to the list; it is written first.
    work.session.flush()
    seen: set[str] = set()
    each_row(payload.rows, lambda line: _add(work, payload.version, line, seen))
    return {"version": payload.version, "industries": len(payload.rows)}


def _add(work: Work, version: str, line: IndustryLine, seen: set[str]) -> None:
    _require_word(line.code)
    _require_word(line.link)
    if line.code in seen:
        raise IndustryTwice(line.code)
    seen.add(line.code)
    work.session.add(
        IndustryRow(
            version=version,
            code=line.code,
            link=line.link,
            name=line.name,
            name_en=line.name_en,
            product=line.product,
            process=line.process,
            category=line.category,
        )
    )


def industry_on(work: Work, reader: Reader, industry: str) -> IndustryRow:
    """
    Return an industry as the list names it that the pack names on the day of *reader*.

    Rule: SUB-61.
    """
    version = as_text(reader.find("two_high.list"))
    found = work.session.get(IndustryListRow, version)
    day = reader.on.isoformat()
    if found is None or not found.valid_from <= day <= (found.valid_to or day):
        raise IndustryListNotInForce(version, on=reader.on)
    row = work.session.get(IndustryRow, (version, industry))
    if row is None:
        raise IndustryUnknown(industry, version=version, on=reader.on)
    return row


def _require_word(text: str) -> None:
    if not _WORD.fullmatch(text):
        raise IndustryWordMalformed(text)
