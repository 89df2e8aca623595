"""A ledger whose writer was halted says so on every page, and is read as before."""

from ledger.damage import LedgerHalted
from tests.api.web.office import look


def test_every_page_says_that_no_business_is_taken(faced, monkeypatch):
    before = look(faced.visit(), "/public/")
    monkeypatch.setattr(
        faced.bench.writer, "_stopped", LedgerHalted("balances", "E1", "not what was posted")
    )

    page = look(faced.visit(), "/public/")
    english = look(faced.visit(), "/public/rules", language="en")

    assert "已停止受理" not in before
    assert "账本核验发现问题，已停止受理业务" in page
    assert "A check of the ledger has failed, and no business is taken." in english
    assert "ledger_halted" in page
    # What the guest came for is still there.
    assert page.endswith(before[before.index("用能权交易") :])
