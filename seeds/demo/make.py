"""
Make the CSV files of the demonstration: ``python -m seeds.demo.make`` writes them anew.

The same files come out each time, on any machine: chance is one seeded generator and there is no
float. Columns carry the names of the payload fields that the imports fill.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from random import Random

from ledger.parties.party import credit_check
from ledger.units import KGCE_PER_TCE
from seeds.demo.cast import (
    DISTRICTS,
    FIRMS,
    OFFICES,
    PREFIXES,
    PROVINCE,
    RECIPES,
    SECTORS,
    STAFF,
)
from seeds.demo.reckon import YEAR, Meter, Played, play

HERE = Path(__file__).parent
SEED = 2025
FEN_PER_TCE_HIGH = 30_000  # 300 yuan a tonne: what a deposit can pay for every tonne short
BUDGET_MARGIN = Fraction(108, 100)
LAST_YEAR = 2030
MEASURES = ("energy", "coal")

NEXT_SEED = 2026
MONTHS_READ = 6
GROWTH = {"AS-CEM-02": 118}
"""Use in the first half of the next year, in percent of the same months of the year played."""

Rows = Iterable[Sequence[object]]


def files() -> dict[str, str]:
    """Return the text of every CSV file by its name."""
    random = Random(SEED)
    cast = [play(firm, random) for firm in FIRMS]
    tables: dict[str, tuple[str, Rows]] = {
        "districts.csv": ("code,name,name_en,parent,pack", (PROVINCE, *DISTRICTS)),
        "sectors.csv": ("code,name,name_en,two_high", SECTORS),
        "enterprises.csv": ("id,name,credit_code,district,sector,owner_group", _enterprises()),
        "facilities.csv": (
            "id,enterprise,name,sector,product,capacity,capacity_unit",
            _facilities(cast),
        ),
        "history.csv": ("enterprise,year,energy_kgce,coal_kg,product,output", _history(cast)),
        "meters.csv": (
            "id,enterprise,facility,carrier,unit,use,first_month,first_value",
            _meters(cast),
        ),
        "readings.csv": (
            "meter,month,value,unit,replaced_at_value,restarted_at_value,evidence",
            _readings(cast),
        ),
        "readings-2026.csv": ("meter,month,value,unit", _next_readings(cast)),
        "outputs.csv": ("enterprise,product,amount,unit,planned", _outputs(cast)),
        "plan.csv": (
            "enterprise,measure,product,output,method,reduction,sector_coefficient,benchmark",
            _plan(cast),
        ),
        "entitlements.csv": ("enterprise,measure,amount,last_year,document", _entitlements(cast)),
        "budgets.csv": ("district,year,measure,amount,document", _budgets(cast)),
        "persons.csv": ("person,role,scope", _persons()),
        "cash.csv": ("enterprise,amount_fen,statement_line", _cash(cast)),
    }
    return {name: _text(header, rows) for name, (header, rows) in tables.items()}


def write() -> None:
    """Write every file beside this module."""
    for name, text in files().items():
        (HERE / name).write_text(text, encoding="utf-8", newline="")


def _text(header: str, rows: Rows) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return out.getvalue()


def _district(enterprise: str) -> str:
    return PREFIXES[enterprise[:2]]


def _enterprises() -> Rows:
    for number, firm in enumerate(FIRMS, start=1):
        district = _district(firm.id)
        # DEM0… is no organisation code that anyone was ever given.
        body = f"91{district}DEM0{number:05}"
        code = body + credit_check(body)
        yield firm.id, firm.name, code, district, RECIPES[firm.makes].sector, firm.group


def _facilities(cast: Sequence[Played]) -> Rows:
    for one in cast:
        for number, line in enumerate(one.firm.lines, start=1):
            # A line is built somewhat larger than what it ever made.
            most = one.firm.scale * max(one.firm.past, 100) // 100
            capacity = line.capacity or most * 5 // 4 // 100 * 100
            yield (
                f"{one.firm.id}-L{number}",
                one.firm.id,
                f"{one.firm.name}{number}号线",
                one.recipe.sector,
                one.recipe.product,
                capacity,
                one.recipe.unit,
            )


def _history(cast: Sequence[Played]) -> Rows:
    for one in cast:
        for past in one.history:
            yield (
                one.firm.id,
                past.year,
                *past.used,
                one.recipe.product,
                past.output,
            )


def _meters(cast: Sequence[Played]) -> Rows:
    for one in cast:
        for meter in one.meters:
            yield (
                meter.id,
                one.firm.id,
                meter.facility,
                meter.carrier,
                meter.unit,
                meter.use,
                f"{YEAR - 1}-12",
                meter.first,
            )


def _readings(cast: Sequence[Played]) -> Rows:
    """Yield month by month, as they come in."""
    meters = [meter for one in cast for meter in one.meters]
    for month in range(1, 13):
        for meter in meters:
            swap: tuple[object, ...] = ("", "", "")
            if meter.swap is not None and meter.swap[0] == month:
                swap = (*meter.swap[1:], f"示例工单 WO-{YEAR}-{month:02}")
            yield meter.id, f"{YEAR}-{month:02}", meter.readings[month - 1], meter.unit, *swap


def _next_readings(cast: Sequence[Played]) -> Rows:
    """Yield the first half of the next year, near the same months of the year played."""
    random = Random(NEXT_SEED)  # of its own, so that every other file stays as it is
    indices = {meter.id: meter.readings[-1] for one in cast for meter in one.meters}
    for month in range(1, MONTHS_READ + 1):
        for one in cast:
            for meter in one.meters:
                share = _share_of_last_year(one, meter, random)
                indices[meter.id] += (_amount(meter, month) * share / 100).quantize(
                    meter.readings[month - 1], rounding=ROUND_HALF_UP
                )
                yield meter.id, f"{YEAR + 1}-{month:02}", indices[meter.id], meter.unit


def _share_of_last_year(one: Played, meter: Meter, random: Random) -> int:
    """Return the percent of the year before that a meter shows; none where the line is closed."""
    drawn = random.randint(97, 103)
    line = one.firm.lines[int(meter.facility.rsplit("-L", 1)[1]) - 1]
    if line.last_month < 12:
        return 0
    return GROWTH.get(one.firm.id, drawn) * one.firm.eased // 100


def _amount(meter: Meter, month: int) -> Decimal:
    """Return what a meter showed in one month of the year played, before any changeover."""
    assert meter.swap is None or meter.swap[0] > MONTHS_READ
    before = meter.first if month == 1 else meter.readings[month - 2]
    return meter.readings[month - 1] - before


def _outputs(cast: Sequence[Played]) -> Rows:
    for one in cast:
        yield one.firm.id, one.recipe.product, one.output, one.recipe.unit, one.planned


def _plan(cast: Sequence[Played]) -> Rows:
    for measure in MEASURES:
        for one in cast:
            unit = one.recipe.energy_kgce if measure == "energy" else one.recipe.coal
            if measure == "coal" and not unit:
                continue
            is_benchmarked = one.method == "benchmarking"
            by_output = one.method != "grandfathering"
            yield (
                one.firm.id,
                measure,
                one.recipe.product if by_output else "",
                one.planned if by_output else 0,
                one.method,
                one.recipe.reduction,
                one.recipe.coefficient,
                unit if is_benchmarked else "",
            )


def _entitlements(cast: Sequence[Played]) -> Rows:
    """Yield a right at the level of the last full year, in whole tonnes rounded up."""
    for number, one in enumerate((one for one in cast if one.firm.is_entitled), start=1):
        document = f"示例能确〔2025〕{number}号"
        for measure, used in zip(MEASURES, one.history[-1].used, strict=True):
            if used:
                yield one.firm.id, measure, _whole_tonnes(used), LAST_YEAR, document


def _budgets(cast: Sequence[Played]) -> Rows:
    for number, (district, *_) in enumerate(DISTRICTS, start=1):
        own = [one for one in cast if _district(one.firm.id) == district]
        for at, measure in enumerate(MEASURES):
            most = sum(max(one.planned_quota[at], one.quota[at]) for one in own)
            cap = _whole_tonnes(most * BUDGET_MARGIN, of=1000)
            yield district, YEAR, measure, cap, f"示例能控〔2025〕{number}号"


def _whole_tonnes(amount: int | Fraction, *, of: int = 1) -> int:
    """Return an amount in kg rounded up to whole multiples of *of* tonnes."""
    step = of * KGCE_PER_TCE
    return int(-(-amount // step)) * step


def _persons() -> Rows:
    for office, role in OFFICES:
        yield from ((f"person:{office}{number}", role, "*") for number in (1, 2))
    for prefix, district in PREFIXES.items():
        for number in (1, 2):
            yield f"person:{prefix}-R{number}", "district_regulator", f"district:{district}"
    for firm in FIRMS:
        for letter, role in STAFF:
            yield f"person:{firm.id}-{letter}", role, f"enterprise:{firm.id}"


def _cash(cast: Sequence[Played]) -> Rows:
    """Yield deposits: two million yuan, and 300 yuan for every tonne of energy or coal short."""
    for number, one in enumerate(cast, start=1):
        pairs = zip(one.used, one.quota, strict=True)
        short = sum(max(used - granted, 0) for used, granted in pairs)
        tonnes = -(-short // KGCE_PER_TCE)
        amount_fen = 200_000_000 + -(-tonnes * FEN_PER_TCE_HIGH // 10_000_000) * 10_000_000
        yield one.firm.id, amount_fen, f"DEMO-BANK-2026-{number:04}"


if __name__ == "__main__":
    write()
