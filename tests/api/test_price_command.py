"""The command line quotes a new project from the packs of a ledger, and writes nothing."""

import json
import shutil

import pytest

from api.cli import cli, run
from ledger.db import connect, sqlite_url
from ledger.parties.enroll import RegisterDistricts
from tests.build import OPENED, open_ledger
from tests.conftest import FixedClock
from tests.ledger.compliance.world import DISTRICTS, adopt


@pytest.fixture
def quoted(tmp_path, sqlite_template, capsys, monkeypatch):
    """Return a function that asks for a price in a ledger with the sample pack."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    shutil.copyfile(sqlite_template, tmp_path / "ledger.db")
    engine = connect(sqlite_url(tmp_path))
    bench = open_ledger(engine, FixedClock())
    adopt(bench, "national", {})
    adopt(bench, "sample", {})
    bench.do(RegisterDistricts(rows=DISTRICTS)).require()
    before = bench.digest()

    def ask(*arguments):
        capsys.readouterr()
        code = run(cli, ["price", "--data", str(tmp_path), *arguments])
        return code, capsys.readouterr()

    yield ask
    assert bench.digest() == before
    bench.writer.close()
    OPENED.remove(bench)
    engine.dispose()


def test_a_project_is_quoted_in_words_and_as_json(quoted):
    asked = ("990101", "--added", "1000", "--intensity", "0.74", "--on", "2026-01-15")

    code, said = quoted(*asked)
    as_json = json.loads(quoted(*asked, "--json")[1].out)

    assert code == 0
    assert "must buy   1,000.000 tce (above_intensity)" in said.out
    assert "fee        120,000.00 yuan" in said.out
    assert (as_json["amount_kgce"], as_json["fee_fen"]) == ("1000000", "12000000")
    assert as_json["pack"] == "sample"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("990101", "--added", "1,5", "--intensity", "1"), 1, "not an amount in tce"),
        (("990199", "--added", "1", "--intensity", "1"), 1, "no district 990199"),
        (("990101", "--added", "1"), 2, "--intensity"),
    ],
)
def test_what_cannot_be_quoted_is_refused(quoted, arguments, code, said):
    found, printed = quoted(*arguments, "--on", "2026-01-15")

    assert found == code
    assert said in printed.err
