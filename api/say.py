"""Say results: words for people, one JSON object for programs."""

import sys
from collections.abc import Iterator, Mapping

import click
import msgspec

from ledger.command import Answer, RefusedByLedger
from ledger.errors import Refused
from ledger.units import format_tce, format_yuan


def say_json(document: object) -> None:
    """Print one JSON object on a line of its own."""
    # A fact may be text of a class of its own, such as the name of a table.
    sys.stdout.write(msgspec.json.encode(document, enc_hook=str).decode() + "\n")


def refusal_document(refusal: Exception) -> dict[str, object]:
    """Return a refusal as data: code, rule, sentence and facts."""
    if isinstance(refusal, RefusedByLedger):
        return answer_document(refusal.answer)
    assert isinstance(refusal, Refused)
    return {
        "code": refusal.code,
        "rule": refusal.rule,
        "message": refusal.message,
        "facts": refusal.facts,
    }


def answer_document(answer: Answer) -> dict[str, object]:
    """Return an answer as data."""
    return {
        "sequence": answer.sequence,
        "code": answer.code,
        "rule": answer.verdict.rule,
        "message": answer.message,
        "facts": answer.facts,
        "result": answer.result,
        "leaf_hash": answer.leaf_hash,
    }


def say_answer(answer: Answer, *, as_json: bool) -> None:
    """Print an accepted answer; raise a refused one."""
    answer.require()
    if as_json:
        say_json(answer_document(answer))
        return
    click.echo(f"accepted as command {answer.sequence}")
    say_facts(answer.result)


def say_facts(facts: Mapping[str, object]) -> None:
    """Print facts one a line, names first."""
    for name, value in facts.items():
        click.echo(f"  {name}: {value}")


def readable(document: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the parts of a payload as name and text, amounts in the units people use as well."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from readable(value, f"{name}.{key}" if name else key)
    elif isinstance(document, list):
        for number, value in enumerate(document, start=1):
            yield from readable(value, f"{name} {number}")
    elif isinstance(document, int) and name.endswith("_fen"):
        yield name, f"{document} ({format_yuan(document)} yuan)"
    elif isinstance(document, int) and name.endswith(("_kgce", "_kg", "amount")):
        yield name, f"{document} ({format_tce(document)} t)"
    else:
        yield name, str(document)
