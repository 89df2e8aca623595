"""An enterprise whose deadline has passed, and packs that follow it up in different ways."""

from datetime import date

from ledger.compliance.close import CloseEnterprise
from ledger.compliance.open_year import RecordPrice
from tests.ledger.compliance.world import CALM, give, opened, pass_day, rows

DEADLINE = date(2026, 6, 30)
HOLDING = "enterprise:E1:holding"
SURRENDERED = "scheme:surrendered:2025"
CLOSING = CloseEnterprise(year=2025, enterprise="E1")

SWITCHES = {
    **CALM,
    "shortfall.forced_deduction": (False, "switch"),
    "shortfall.next_year_multiplier": ("1", "ratio"),
    "shortfall.fine": (True, "switch"),
    "shortfall.credit_record": (False, "switch"),
}
NATIONAL = {
    **SWITCHES,
    "shortfall.fine_multiplier_min": ("5", "ratio"),
    "shortfall.fine_multiplier_max": ("10", "ratio"),
}
SHENZHEN = {
    **SWITCHES,
    "shortfall.forced_deduction": (True, "switch"),
    "shortfall.fine_multiplier_min": ("3", "ratio"),
    "shortfall.fine_multiplier_max": ("3", "ratio"),
}
QUIET = {**SWITCHES, "shortfall.fine": (False, "switch")}


def overdue(engine, clock, values=CALM, *, owed=5_000, coal=0, units=()):
    """E1 owes, holds *units* (asset, amount, purpose), and the deadline has passed."""
    bench = opened(engine, clock, values, firms={"E1": (owed, coal)})
    for asset, amount, purpose in units:
        give(bench, asset, amount, purpose=purpose)
    pass_day(bench, clock, DEADLINE)
    return bench


def price(bench, *, yuan):
    """Record a mean price: a thousand tonnes at so many yuan."""
    payload = RecordPrice(
        year=2025,
        measure="energy",
        turnover_fen=yuan * 100 * 1_000,
        volume=1_000_000,
        source="tests",
    )
    bench.both(payload).require()


def fines(bench):
    return [
        (row["base"], row["min_fen"], row["max_fen"])
        for row in rows(bench, "penalty_proposals")
        if row["kind"] == "fine"
    ]


def cuts(bench):
    return [(row["year"], row["measure"], row["amount"]) for row in rows(bench, "deductions")]


def of_energy(answer):
    return answer.require().result["energy"]
