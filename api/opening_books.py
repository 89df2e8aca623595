"""The workbooks around opening balances: the empty template, and what is wrong with a file."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from api.openings import HEADINGS, Fault, OpeningLine
from api.wording import Wording
from api.workbook import written
from api.workbook_rows import NOTES

_WIDTHS = (40, 16, 14, 42, 20, 30)
_WRONG_WIDTH = 80
_TITLES = {"zh": ("期初余额", NOTES[0]), "en": ("Opening balances", NOTES[1])}
_NOTES = {
    "zh": (
        "每行填写一个账户的一种资产。第一行表头不得改动，不得合并单元格、隐藏行列或使用公式。",
        "账户：如 enterprise:E001:holding；或留空，改填用能单位（E001）和用途（holding）。",
        "资产：如 energy.flow.general.2026.eq.370100；资金为 cash.cny。",
        "数量：指标以吨计，至多 3 位小数；资金以元计，至多 2 位小数；不带千分位。",
        "依据文件：余额所依据的决定或对账单编号。",
        "同一账户的同一资产只写一行，且只能期初一次。一次至多 8192 行。",
        "先试算：yongneng import opening-balances 文件 --actor 人员 --dry-run；",
        "无误后按试算给出的哈希确认：--confirm 哈希；再由另一人复核同意后生效。",
    ),
    "en": (
        "One row for one asset of one account. Keep the first line. No merged or hidden cells, no "
        "formulas.",
        "Account: such as enterprise:E001:holding; or leave it empty and fill in the enterprise "
        "(E001) and the purpose (holding).",
        "Asset: such as energy.flow.general.2026.eq.370100; money is cash.cny.",
        "Amount: quota in tonnes, at most 3 decimals; money in yuan, at most 2; no separators.",
        "Document: the decision or statement on which the balance rests.",
        "One row for an account and asset, and only once in a ledger. At most 8192 rows at a time.",
        "First the dry run: yongneng import opening-balances FILE --actor PERSON --dry-run;",
        "then confirm with the hash that it prints: --confirm HASH; a second person approves.",
    ),
}


def write_template(path: Path, *, language: str) -> None:
    """Write an empty workbook for opening balances, with a sheet that explains it."""
    titles = _TITLES[language]
    with written(path) as book:
        book.sheet(titles[0], HEADINGS[language][:-1], _WIDTHS, is_typed_in=True)
        notes = book.sheet(titles[1], (titles[1],), (100,))
        for position, text in enumerate(_NOTES[language], start=1):
            book.row(notes, position, (text,))


def write_errors(
    path: Path,
    table: Sequence[Sequence[str]],
    faults: Iterable[Fault],
    *,
    wording: Wording,
    language: str,
) -> None:
    """
    Write the rows of a file as they came, with a last column that says what is wrong with each.

    Corrected, the workbook can be brought in as it is: that column is not read.
    """
    wrong: Mapping[int, list[str]] = defaultdict(list)
    for fault in faults:
        wrong[fault.row].append(sentence(fault, wording=wording, language=language))
    marks = {heading for headings in HEADINGS.values() for heading in (headings[-1], "error")}
    kept = [place for place, heading in enumerate(table[0]) if heading not in marks]
    headings = [*(table[0][place] for place in kept), HEADINGS[language][-1]]
    widths = [24] * len(kept) + [_WRONG_WIDTH]
    with written(path) as book:
        sheet = book.sheet(_TITLES[language][0], headings, widths)
        for position, cells in enumerate(table[1:], start=1):
            said = " ".join(wrong.get(position + 1, ()))
            row = [*(cells[place] if place < len(cells) else "" for place in kept), said]
            book.row(sheet, position, row, book.wrong if said else None)


def sentence(fault: Fault, *, wording: Wording, language: str) -> str:
    """Return what is wrong with a row as a sentence that names its column."""
    refusal = fault.refusal
    said = wording.detail(refusal.code, refusal.rule, refusal.message, refusal.facts, language)
    return said if "column" in refusal.facts else f"{_headed(fault.column, language)}{said}"


def fault_documents(faults: Iterable[Fault], *, wording: Wording) -> Iterator[dict[str, object]]:
    """Yield each fault as data: row, column, code, and the sentence in both languages."""
    for fault in faults:
        yield {
            "row": fault.row,
            "column": fault.column,
            "code": fault.refusal.code,
            "rule": fault.refusal.rule,
            "message": sentence(fault, wording=wording, language="en"),
            "message_zh": sentence(fault, wording=wording, language="zh"),
        }


def _headed(column: str, language: str) -> str:
    headings = dict(zip(OpeningLine.__struct_fields__, HEADINGS[language], strict=True))
    colon = ": " if language == "en" else "："
    return f"{headings[column]}{colon}" if column in headings else ""
