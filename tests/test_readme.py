"""
What the front page says is so: its commands run, its output is real, its links lead somewhere.

Each ```sh block is run in a copy of what it needs, with this interpreter, and must end with 0; a
block whose ```text begins with "refused:" must end with 1. In ```text, … stands for anything within
a line, and a line of … alone for any lines. HASH is the payload hash that the proposal showed.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README, TWIN = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = (README, TWIN, ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md")))
GLOSSARY = ROOT / "docs/glossary.md"
DEMONSTRATION_AND_TESTS = "./go demo\n./go test\n"

FENCED = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HASHES = re.compile(r"(?:proposal: |yongneng approve )(\d+)(?:\n  payload_hash:)? ([0-9a-f]{64})")
LINK = re.compile(r"\]\(([^)#]+)")
FOLDER = re.compile(r"^\| `([^`/]+)/` \|", re.MULTILINE)
WORD = re.compile(r"^\| (?P<zh>[^|]+) \| (?P<en>[^|]+) \| (?P<code>`[^|]+`) \|", re.MULTILINE)


def read(path):
    return path.read_text(encoding="utf-8")


def blocks(path):
    """Return (commands, shown output) of each block of commands after the first."""
    fenced = FENCED.findall(read(path))
    assert fenced[0] == ("sh", DEMONSTRATION_AND_TESTS)
    commands, shown = fenced[1::2], fenced[2::2]
    assert {kind for kind, _ in commands} == {"sh"}
    assert {kind for kind, _ in shown} == {"text"}
    assert len(commands) == len(shown)
    return [(command, output) for (_, command), (_, output) in zip(commands, shown, strict=True)]


def run(commands, *, hashes, directory):
    """Run shell commands of the page in *directory* and return the exit code and all output."""
    commands = re.sub(
        r"approve (\d+) HASH", lambda found: f"approve {found[1]} {hashes[found[1]]}", commands
    )
    commands = commands.replace("./go run", '"$PYTHON" -m api.cli')
    commands = commands.replace(".venv/bin/python", '"$PYTHON"')
    unwanted = {"DATABASE_URL", "PYTHONDONTWRITEBYTECODE"}  # compiled once, not thirty times
    environment = {key: value for key, value in os.environ.items() if key not in unwanted}
    done = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=directory,
        env={
            **environment,
            "PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout


def pattern_of(shown):
    """Return the regular expression that output shown on the page stands for."""
    return "".join(
        "(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n"
        for line in shown.splitlines()
    )


@pytest.mark.slow
def test_the_worked_day_runs_as_the_page_shows_it(tmp_path):
    shutil.copytree(ROOT / "docs/worked-day", tmp_path / "docs/worked-day")
    hashes = {}

    for commands, shown in blocks(README):
        code, output = run(commands, hashes=hashes, directory=tmp_path)

        assert re.fullmatch(pattern_of(shown), output), f"{commands}\n{output}"
        assert code == (1 if shown.startswith("refused:") else 0), commands
        hashes.update(HASHES.findall(output))


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        ("accepted as command 4\n", "accepted as command 5\n"),
        ("accepted as command 4\n", "accepted as command 4\n  entry: 2\n"),
        ("  entry: …\n", "  entry: 2\n  entries: 1\n"),
        ("passed  a\n…\npassed  z\n", "passed  a\nFAILED  z\n"),
    ],
)
def test_output_that_differs_beyond_the_ellipses_is_noticed(shown, output):
    assert not re.fullmatch(pattern_of(shown), output)


def test_both_languages_show_the_same_commands_and_output():
    assert FENCED.findall(read(README)) == FENCED.findall(read(TWIN))


def test_the_two_commands_of_the_page_are_commands_of_the_script():
    script = read(ROOT / "go")

    for command in ("demo", "test", "run", "bench"):
        assert re.search(rf"^    {command}\)", script, re.MULTILINE), command


@pytest.mark.parametrize("page", [README, TWIN], ids=lambda page: page.name)
def test_the_map_names_every_folder_and_no_other(page):
    ignored = [line.strip("/") for line in read(ROOT / ".gitignore").splitlines()]
    folders = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not any(fnmatch.fnmatch(path.name, name) for name in ignored)
    }

    assert set(FOLDER.findall(read(page))) == folders - {".git"}


@pytest.mark.parametrize("page", [README, TWIN], ids=lambda page: page.name)
def test_every_decision_is_listed(page):
    listed = {link for link in LINK.findall(read(page)) if link.startswith("docs/decisions/0")}

    assert listed == {f"docs/decisions/{path.name}" for path in ROOT.glob("docs/decisions/0*.md")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page):
    links = [link for link in LINK.findall(read(page)) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_word_of_the_glossary_is_a_name_in_the_code():
    sources = [
        path
        for package in ("ledger", "market", "api", "seeds/rules", "seeds/packs")
        for path in (ROOT / package).rglob("*.*")
        if path.suffix in {".py", ".toml"}
    ]
    used = "\n".join(map(read, sources))

    names = {name for found in WORD.finditer(read(GLOSSARY)) for name in found["code"].split(", ")}

    assert len(names) > 50
    assert (
        sorted(name for name in names if not re.search(rf"\b{re.escape(name[1:-1])}\b", used)) == []
    )


def test_the_glossary_gives_each_word_once():
    words = [found["zh"] for found in WORD.finditer(read(GLOSSARY))]

    assert sorted(word for word in set(words) if words.count(word) > 1) == []
