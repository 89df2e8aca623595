"""
The demonstration's voice: an account that a newcomer can read, or silence for programs.
"""

from collections.abc import Iterable
from typing import Self

from rich.console import Console
from rich.table import Table


class Voice:
    """Tells what happens on the terminal; a silent one says nothing."""

    def __init__(self, *, silent: bool = False) -> None:
        self.console = Console(quiet=silent, highlight=False)
        self._status = self.console.status("示例省 …", spinner="dots")
        self._shows_progress = self.console.is_terminal and not silent

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
            self._status.update(f"{commands:,} commands sent 条指令")

    def chapter(self, title: str, title_zh: str) -> None:
        """Begin a chapter."""
        self.console.print()
        self.console.rule(f"[bold]{title_zh}[/bold]  {title}", align="left")

    def say(self, sentence: str) -> None:
        """Say one sentence."""
        self.console.print(f"  {sentence}")

    def refused(self, what: str, code: str, message: str) -> None:
        """Say that something was refused, and why."""
        self.console.print(f"  [red]拒绝 refused[/red] {what}: [bold]{code}[/bold] — {message}")

    def table(self, title: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        """Show a small table; the first column is words, the others are numbers."""
        table = Table(title=title, title_justify="left", box=None, pad_edge=True)
        for position, heading in enumerate(headings):
            table.add_column(heading, justify="left" if position == 0 else "right")
        for row in rows:
            table.add_row(*row)
        self.console.print(table)
