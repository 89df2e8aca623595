"""
The demonstration's voice: an account that a newcomer can read, or silence for programs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Self

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import seeds
from api.demo.words import Language, Words, fact
from ledger.errors import Fact
from ledger.rules import Rule

WIDTH = 100
ROOM_MIN = 20
NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")

Cell = str | Words
"""What stands in a table: words in both languages, or a number or code that is the same in both."""

# A line is broken at spaces and between Chinese characters, never within a number or a word, and
# no line begins with a mark that closes something.
_PIECE = re.compile(r"[（「]*(?:[!-~]+|[^!-~])[，。；：、？！）」]*")
_NUMBER = re.compile(r"[-–0-9,.]*")


class Voice:
    """Tells in one language what happens on the terminal; a silent one says nothing."""

    def __init__(
        self, language: Language = "zh", *, silent: bool = False, console: Console | None = None
    ) -> None:
        self.language = language
        self.console = console or _console(silent=silent)
        self._status = self.console.status(self._of(Words("示例省 …", "Sample Province …")))
        self._shows_progress = self.console.is_terminal and not silent
        self._chapters = 0

    def __enter__(self) -> Self:
        """Begin to show progress, where there is a terminal to show it on."""
        if self._shows_progress:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop showing progress."""
        if self._shows_progress:
            self._status.stop()

    def progress(self, commands: int) -> None:
        """Show how many commands have been sent."""
        if self._shows_progress:
            self._status.update(
                self._of(Words(f"已发送 {commands:,} 条指令", f"{commands:,} commands sent"))
            )

    def chapter(self, *, zh: str, en: str) -> None:
        """Begin a chapter; chapters are numbered as they come."""
        self._chapters += 1
        title = Words(f"{NUMERALS[self._chapters - 1]}、{zh}", f"{self._chapters}. {en}")
        self.console.print()
        self.console.rule(Text(self._of(title), style="bold"), align="left")

    def say(self, *, zh: str, en: str) -> None:
        """Say one sentence."""
        self._lines(*pieces(self._of(Words(zh, en))))

    def why(self, *, zh: str, en: str) -> None:
        """Explain at the end of a chapter what a newcomer would ask."""
        self._lines(*pieces(self._of(Words(f"说明：{zh}", f"Why: {en}"))), style="italic cyan")

    def refused(
        self,
        what: Words,
        *,
        code: str,
        rule: str,
        facts: Mapping[str, Fact],
        measure: str = "energy",
    ) -> None:
        """Say what was refused, by which rule and on which facts; amounts are of *measure*."""
        title = self._of(
            Words(f"拒绝：{what.zh}，{code}（{rule}）", f"Refused: {what.en}, {code} ({rule})")
        )
        self._lines(*pieces(title), style="red")
        said = rules()[rule]
        by_rule = self._of(Words(f"规则：{said.sentence_zh}", f"Rule: {said.sentence}"))
        self._lines(*pieces(by_rule), indent=6)
        self._facts(facts, measure=measure)

    def _facts(self, facts: Mapping[str, Fact], *, measure: str) -> None:
        known = [self._of(fact(name, value, measure=measure)) for name, value in facts.items()]
        if not known:
            return
        # A line is broken between two facts, so that a hash stands beside its name.
        between, end = self._of(Words("；", "; ")), self._of(Words("。", "."))
        together = [*(f"{one}{between}" for one in known[:-1]), f"{known[-1]}{end}"]
        self._lines(self._of(Words("事实：", "Facts: ")), *together, indent=6)

    def table(
        self, title: Words, headings: Sequence[Words], rows: Iterable[Sequence[Cell]]
    ) -> None:
        """Show a small table; columns of numbers stand to the right."""
        said = self._fitted([[self._cell(cell) for cell in row] for row in rows])
        if not said:
            return
        self.console.print()
        self._lines(*pieces(self._of(title)))
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for heading, column in zip(headings, zip(*said, strict=True), strict=True):
            is_number = all(_NUMBER.fullmatch(cell) for cell in column)
            # What does not fit is folded, never cut: half a digest proves nothing.
            table.add_column(
                Text(self._of(heading)), justify="right" if is_number else "left", overflow="fold"
            )
        for row in said:
            table.add_row(*map(Text, row))
        self.console.print(Padding(table, (0, 0, 0, 2), expand=False))

    def _fitted(self, rows: list[list[str]]) -> list[list[str]]:
        """Break sentences in the last column where a line may be broken."""
        others = [max(map(cell_len, column)) + 2 for column in zip(*rows, strict=True)][:-1]
        room = max(self.console.width - 4 - sum(others), ROOM_MIN)
        return [[*row[:-1], "\n".join(broken(pieces(row[-1]), room))] for row in rows]

    def _of(self, words: Words) -> str:
        return words.within(self.language)

    def _cell(self, cell: Cell) -> str:
        return self._of(cell) if isinstance(cell, Words) else cell

    def _lines(self, *together: str, indent: int = 2, style: str = "") -> None:
        for number, line in enumerate(broken(together, self.console.width - indent - 2)):
            margin = " " * (indent if number == 0 else indent + 2)
            self.console.print(Text(margin + line, style=style), soft_wrap=True)


def pieces(sentence: str) -> list[str]:
    """Return the parts of *sentence* that stay whole: words, numbers, single Chinese characters."""
    return _PIECE.findall(sentence)


def broken(together: Iterable[str], width: int) -> Iterator[str]:
    """Yield pieces in lines of at most *width* cells, a Chinese character being two."""
    line = ""
    for piece in together:
        if line and cell_len(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    yield line.rstrip()


@cache
def rules() -> dict[str, Rule]:
    """Return the rule register, read once."""
    return seeds.read_rules()


def _console(*, silent: bool) -> Console:
    console = Console(quiet=silent, highlight=False)
    # Into a file or a very wide window, lines stay as long as a page.
    if not console.is_terminal or console.width > WIDTH:
        console.width = WIDTH
    return console
