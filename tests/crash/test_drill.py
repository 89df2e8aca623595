"""`yongneng drill` says what it found, and fails where a promise or a control did."""

import json

import pytest

import api.drill.shim
from api.cli import cli, run
from api.commands.drill import COMMANDS, _tell
from api.drill.crash import Tally
from api.drill.groups import Group


def said(capsys, *arguments):
    """Return the exit code and what was printed on either stream."""
    code = run(cli, ["drill", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def tally(mutant="none", **counts):
    return Tally("suite", mutant, "style", trials=10, **counts)


@pytest.mark.parametrize("count", ["lost", "corrupt", "unbalanced", "faults"])
def test_a_promise_is_broken_by_one_trial_of_any_style(count):
    whole = Group((tally(), tally()))
    broken = Group((tally(), tally(**{count: 1})))

    assert (whole.is_met, whole.verdict) == (True, "holds")
    assert (broken.is_met, broken.verdict) == (False, "BROKEN")


@pytest.mark.parametrize("count", ["lost", "corrupt", "unbalanced", "faults"])
def test_a_control_is_caught_by_one_trial_of_any_style(count):
    missed = Group((tally("mutant"), tally("mutant")))
    caught = Group((tally("mutant"), tally("mutant", **{count: 1})))

    assert (missed.is_met, missed.verdict) == (False, "NOT CAUGHT")
    assert (caught.is_met, caught.verdict) == (True, "caught")


@pytest.mark.parametrize(
    ("groups", "code", "last"),
    [
        ([Group((tally(),)), Group((tally("mutant", lost=1),))], 0, "every promise holds"),
        ([Group((tally(),)), Group((tally("mutant"),))], 1, "FAILED"),
        ([Group((tally(lost=1),)), Group((tally("mutant", lost=1),))], 1, "FAILED"),
    ],
    ids=["all well", "a control missed", "a promise broken"],
)
def test_the_exit_code_says_whether_all_of_it_held(capsys, groups, code, last):
    assert _tell(groups, seed=1, as_json=False) == code

    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith(last)
    assert lines[0].split() == ["trials", "acknowledged", "lost", "corrupt", "unbalanced", "faults"]


def test_a_full_disk_as_json(workshop, capsys):
    code, out, _ = said(capsys, "diskfull", "--fills", "2", "--json")

    told = json.loads(out)
    assert (code, told["met"], told["seed"]) == (0, True, 1)
    (group,) = told["groups"]
    assert (group["control"], group["verdict"]) == (False, "holds")
    assert group["trials"][0]["trials"] == 2


def test_kills_and_power_cuts_as_json(workshop, capsys):
    code, out, _ = said(capsys, "crash", "--kills", "1", "--images", "4", "--seed", "2", "--json")

    told = json.loads(out)
    kinds = [(each["trials"][0]["suite"], each["trials"][0]["mutant"]) for each in told["groups"]]
    assert kinds == [
        ("SIGKILL, SQLite", "none"),
        ("SIGKILL, SQLite", "answer-early"),
        ("power loss, SQLite", "none"),
        ("power loss, SQLite", "answer-early"),
        ("power loss, SQLite", "synchronous-normal"),
        ("power loss, SQLite", "synchronous-off"),
    ]
    promises = [each["verdict"] for each in told["groups"] if not each["control"]]
    assert promises == ["holds", "holds"]
    # So few trials need not notice a planted fault; if they do not, the drill has failed.
    assert code == (0 if told["met"] else 1)
    assert told["met"] == all(each["verdict"] in ("holds", "caught") for each in told["groups"])


def test_a_machine_without_a_compiler_is_told_what_is_missing(capsys, monkeypatch):
    monkeypatch.setattr(api.drill.shim, "compiler", lambda: None)

    code, _, err = said(capsys, "crash")

    assert code == 1
    assert err == (
        "refused: this drill needs Linux with a C compiler (cc, gcc or clang); "
        "install it and try again\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [["crash", "--kills", "0"], ["crash", "--images", "3"], ["diskfull", "--fills", "x"]],
)
def test_numbers_that_prove_nothing_are_misuse(capsys, arguments):
    assert said(capsys, *arguments)[0] == 2


def test_the_command_line_has_the_drill():
    assert set(COMMANDS["drill"].commands) >= {"crash", "diskfull"}
