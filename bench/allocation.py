"""
A mass allocation from a file: read, tried as a whole, planned and issued, while trading goes on.

Enterprises are spread over districts as a province has them. Beside the allocation one caller
places an order every few milliseconds; its waiting times are what the market sees of it.
"""

import csv
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import sqlalchemy as sa

from api.allocation_file import Asked, commands_of_file, going_on, read_plan_file, rehearse
from api.program import SUBJECTS
from bench.ledger import Figures, embedded
from bench.market import OFFICES, Floor, office, orders
from ledger.allocation.allocate import IssueAllocations
from ledger.approve import approving, proposing
from ledger.command import Command
from ledger.db import reading
from ledger.districts.enforce import BudgetLine, SetBudgets
from ledger.parties.enroll import (
    DistrictLine,
    EnterpriseLine,
    RegisterDistricts,
    RegisterEnterprises,
)
from ledger.parties.party import credit_check
from ledger.subject import Role

ROWS = 100_000
DISTRICTS = 100
YEAR = 2025
ORDERS = 20_000
PAUSE_SECONDS = 0.005
REGULATOR, CHECKER = office(Role.DISTRICT_REGULATOR, 1), office(Role.CITY_REGULATOR, 2)


class Province(Floor):
    """The market floor with officers of districts, and every subject of the product."""

    parts = SUBJECTS
    offices = (*OFFICES, Role.DISTRICT_REGULATOR)


def measure_allocation(*, rows: int = ROWS, districts: int = DISTRICTS) -> Figures:
    """Return seconds of each step, rows a second, the longest hold and what orders waited."""
    with embedded() as engine, tempfile.TemporaryDirectory() as directory:
        province = Province(engine)
        _people(province, rows, districts)
        path = Path(directory) / "allocations.csv"
        _write(path, rows)
        try:
            with _trading(province) as waits:
                steps, longest = _allocate(province, engine, path)
        finally:
            province.writer.close()
    total = sum(steps.values())
    return {
        "rows": rows,
        "seconds": round(total, 2),
        "rows_per_second": round(rows / total),
        **{f"{name}_seconds": round(seconds, 2) for name, seconds in steps.items()},
        "longest_command_ms": round(longest * 1000, 1),
        "orders_placed": len(waits),
        "order_p99_ms": round(quantiles(waits, n=100)[98] * 1000, 1),
    }


def _people(province: Province, rows: int, districts: int) -> None:
    per = -(-rows // districts)
    for place in range(districts):
        code = f"99{place:04}"
        line = DistrictLine(code, code, code, "", "sample")
        province.do(RegisterDistricts(rows=(line,)))
        firms = tuple(_firm(n, code) for n in range(place * per, min((place + 1) * per, rows)))
        province.do(RegisterEnterprises(rows=firms), office(Role.EXCHANGE_OPERATOR, 1))
        # One kgce short of what is asked for, so that every row is scaled to the cap.
        cap = len(firms) * 100_000_000 - 1
        budget = BudgetLine(code, YEAR, "energy", cap, f"B{place}")
        province.both(SetBudgets(rows=(budget,)))


def _firm(number: int, district: str) -> EnterpriseLine:
    body = f"91990100M9{number:07}"
    return EnterpriseLine(
        f"F{number:06}", f"企业{number}", body + credit_check(body), district, "BENCH"
    )


def _write(path: Path, rows: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["enterprise", "product", "output", "method", "benchmark"])
        for number in range(rows):
            writer.writerow([f"F{number:06}", "product", 1_000_000, "benchmarking", "100"])


@contextmanager
def _trading(province: Province) -> Iterator[list[float]]:
    """Place one order after the other from a thread; give the seconds each of them waited."""
    waits: list[float] = []
    done = threading.Event()
    coming = orders(ORDERS)

    def trade() -> None:
        for number, order in enumerate(coming):
            if done.is_set():
                return
            command = Command(f"order:{number}", office(Role.ENTERPRISE_TRADER, 1), order)
            begun = time.perf_counter()
            province.writer.submit(command).require()
            waits.append(time.perf_counter() - begun)
            time.sleep(PAUSE_SECONDS)

    trader = threading.Thread(target=trade)
    trader.start()
    try:
        yield waits
    finally:
        done.set()
        trader.join()


def _allocate(province: Province, engine: sa.Engine, path: Path) -> tuple[dict[str, float], float]:
    asked = Asked(YEAR, "energy", REGULATOR)
    steps: dict[str, float] = {}
    begun = time.perf_counter()
    found = read_plan_file(path)
    steps["read"] = time.perf_counter() - begun
    begun = time.perf_counter()
    with reading(engine) as connection:
        faults, _ = rehearse(connection, found, asked)
        assert not faults
        commands = list(commands_of_file(connection, found, asked))
    steps["try"] = time.perf_counter() - begun
    longest = 0.0
    hashes: dict[str, str] = {}
    begun = time.perf_counter()
    for district, command in commands:
        following: Command | None = command
        while following is not None:
            at = time.perf_counter()
            result = province.writer.submit(following).require().result
            longest = max(longest, time.perf_counter() - at)
            hashes[district], following = result["plan_hash"], going_on(following, result)
    steps["plan"] = time.perf_counter() - begun
    begun = time.perf_counter()
    for district, plan_hash in hashes.items():
        issued: Mapping[str, Any] = {"plan_hash": plan_hash, "remaining": 1}
        while issued["remaining"]:
            at = time.perf_counter()
            issued = _issue(province, district, issued["plan_hash"])
            longest = max(longest, time.perf_counter() - at)
    steps["issue"] = time.perf_counter() - begun
    return steps, longest


def _issue(province: Province, district: str, plan_hash: str) -> Mapping[str, Any]:
    payload = IssueAllocations(
        district=district, year=YEAR, measure="energy", plan_hash=plan_hash, document="BENCH"
    )
    proposal = Command(f"propose:{plan_hash}", REGULATOR, proposing(payload))
    number = province.writer.submit(proposal).require().sequence
    approval = Command(f"approve:{plan_hash}", CHECKER, approving(number, payload))
    return province.writer.submit(approval).require().result


def main() -> None:
    """Measure and print one JSON object; an argument gives another number of rows."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    districts = int(sys.argv[2]) if len(sys.argv) > 2 else max(rows // 1_000, 1)
    sys.stdout.write(json.dumps(measure_allocation(rows=rows, districts=districts)) + "\n")


if __name__ == "__main__":
    main()
