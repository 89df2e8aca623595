"""The house keeps its shape: imports point down, files stay small, nouns stay pure."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = {"ledger": {"ledger"}, "market": {"ledger", "market"}}
SUBJECTS = (
    "parties",
    "metering",
    "districts",
    "allocation",
    "substitution",
    "coordination",
    "compliance",
    "moves",
    "liens",
    "lineage",
)
REGISTERS = {"ledger/projections.py": "names every projection, whichever subject it is of"}

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
FILE_EXEMPTIONS = {
    "ledger/verify.py": (500, "one file that an outsider reads whole and runs alone"),
}

PURE_BANNED_MODULES = {"sqlalchemy", "flask", "marshmallow", "apscheduler", "random", "secrets"}
PURE_BANNED_CALLS = {"now", "utcnow", "today", "time", "time_ns", "uuid4", "urandom", "getenv"}
IMPURE = {
    "ledger/verify.py": "the offline verifier reads an export from disk",
    "ledger/verify_receipt.py": "the offline verifier of a receipt says what it found",
    "ledger/writer.py": "the writer itself",
    "ledger/apply.py": "the writer itself",
}

BALANCE_WRITERS = {
    "ledger/post.py": "the one verb that moves value",
    "ledger/post_bulk.py": "the same verb, unrolled; its every refusal is post's own",
    "ledger/load.py": "rebuilds memory from the database",
    "ledger/work.py": "gives a refused command's balances back",
    "ledger/verify.py": "recounts an export for itself",
}
JOURNAL_WRITERS = {
    "ledger/post.py": "the one verb that moves value",
    "ledger/post_bulk.py": "the same verb, unrolled; its every refusal is post's own",
    "ledger/batch.py": "hands the rows to the store",
    "ledger/work.py": "holds the rows of one command",
    "ledger/history.py": "reads the journal back into values of its own",
}
COMMITTERS = {
    "ledger/apply.py": "the writer's one transaction",
    "ledger/lease.py": "takes the lease",
    "ledger/attest.py": "keeps a signed checkpoint, which is no command",
    "ledger/follow.py": "keeps what is derived, behind the writer",
}


def files(*packages):
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path):
    return str(path.relative_to(ROOT))


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path):
    """Return every module name that the file at *path* imports, at any level."""
    names = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return names


def test_imports_point_down():
    upward = [
        f"{name_of(path)} imports {name}"
        for package, allowed in LAYERS.items()
        for path in files(package)
        for name in imported(path)
        if name.split(".")[0] in {"ledger", "market", "api", "seeds", "bench", "tests"} - allowed
    ]

    assert upward == []


def test_each_subject_imports_only_those_to_its_left():
    sideways = []
    for path in files("ledger"):
        if name_of(path) in REGISTERS:
            continue
        parts = path.relative_to(ROOT / "ledger").parts
        own = SUBJECTS.index(parts[0]) if parts[0] in SUBJECTS else -1
        for name in imported(path):
            other = name.split(".")[1] if name.startswith("ledger.") else ""
            if other in SUBJECTS and SUBJECTS.index(other) > own:
                sideways.append(f"{name_of(path)} imports {name}")

    assert sideways == []


def test_no_file_grows_beyond_a_screenful_of_screens():
    long = [
        f"{name_of(path)}: {lines} lines"
        for path in files("ledger", "market", "api", "seeds", "bench")
        if (lines := len(path.read_text(encoding="utf-8").splitlines()))
        > FILE_EXEMPTIONS.get(name_of(path), (FILE_LINES_MAX, ""))[0]
    ]

    assert long == []


def test_no_function_grows_beyond_one_thing():
    long = [
        f"{name_of(path)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in files("ledger", "market", "api", "bench")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]

    assert long == []


def is_noun(path):
    """A module that knows no database is a noun, and nouns are pure."""
    return name_of(path) not in IMPURE and not any(
        name.split(".")[0] == "sqlalchemy" for name in imported(path)
    )


def test_nouns_ask_neither_clock_nor_chance_nor_environment_nor_disk():
    impure = []
    for path in files("ledger", "market"):
        if not is_noun(path):
            continue
        banned = {name.split(".")[0] for name in imported(path)} & PURE_BANNED_MODULES
        impure += [f"{name_of(path)} imports {name}" for name in sorted(banned)]
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Name) and called.id in {"open", "input", "print"}:
                impure.append(f"{name_of(path)}:{node.lineno} calls {called.id}")
            if isinstance(called, ast.Attribute) and called.attr in PURE_BANNED_CALLS:
                impure.append(f"{name_of(path)}:{node.lineno} calls {called.attr}")

    assert impure == []


def test_no_float_anywhere_in_ledger_or_market():
    floats = [
        f"{name_of(path)}:{node.lineno}"
        for path in files("ledger", "market")
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "float"
        )
    ]

    assert floats == []


def _writes(tree, attribute):
    """Yield the lines that assign into or append to something called *attribute*."""
    for node in ast.walk(tree):
        targets = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Subscript) and _ends_with(target.value, attribute):
                yield node.lineno
        if isinstance(node, ast.Assign) and _ends_with(node.value, attribute):
            yield node.lineno  # another name for it, by which it could be written
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"append", "extend", "update", "setdefault", "pop"}
            and _ends_with(node.func.value, attribute)
        ):
            yield node.lineno


def _ends_with(node, attribute):
    return isinstance(node, ast.Attribute) and node.attr == attribute


def test_only_the_verb_that_moves_value_writes_balances():
    writers = {
        f"{name_of(path)}:{line}"
        for path in files("ledger", "market", "api")
        for line in _writes(tree_of(path), "balances")
        if name_of(path) not in BALANCE_WRITERS
    }

    assert writers == set()


@pytest.mark.parametrize("rows", ["postings", "entries"])
def test_only_post_writes_the_journal(rows):
    writers = {
        name_of(path)
        for path in files("ledger", "market", "api")
        if any(_writes(tree_of(path), rows))
    }

    assert writers <= JOURNAL_WRITERS.keys()


def test_verbs_never_commit():
    committers = {
        name_of(path)
        for path in files("ledger", "market")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "begin"}
    }

    assert committers <= COMMITTERS.keys()


def test_tables_hold_no_logic():
    logic = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in files("ledger", "market")
        if path.name == "tables.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
    ]

    assert logic == []


def test_the_offline_verifier_knows_nothing_of_the_product():
    outside = {name.split(".")[0] for name in imported(ROOT / "ledger" / "verify.py")} & {
        "ledger",
        "market",
        "api",
        "seeds",
        "sqlalchemy",
        "msgspec",
    }

    assert outside == set()


def test_there_is_no_cupboard():
    cupboards = [
        name_of(path)
        for path in files("ledger", "market", "api")
        if path.stem in {"core", "common", "utils", "util", "helpers", "services", "lib", "misc"}
    ]

    assert cupboards == []


def test_an_upward_import_is_caught(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text("import os\n\ndef f():\n    from market.book import Book\n    return Book\n")

    assert "market.book" in imported(planted)
