"""One retrofit of E1: its baseline in June 2026, its works, its audit in January 2027."""

from datetime import date

from ledger.days import start_of
from ledger.substitution.audit import FileBaseline, FileReaudit
from ledger.substitution.claim import ClaimRetrofit, RetrofitLine
from tests.build import VERIFIER
from tests.ledger.substitution.world import (
    HASH,
)


def baseline(*, facility: str = "F1", consumed: int = 80_000_000, **facts) -> FileBaseline:
    return FileBaseline(
        enterprise="E1",
        facility=facility,
        measure="energy",
        consumed=consumed,
        **{"works": "W1", "audited_on": date(2026, 6, 1), "evidence": HASH, **facts},
    )


def reaudit(*, consumed: int = 72_500_000, **facts) -> FileReaudit:
    return FileReaudit(
        enterprise="E1",
        facility="F1",
        measure="energy",
        consumed=consumed,
        **{"works": "W1", "audited_on": date(2027, 1, 10), "evidence": HASH, **facts},
    )


def retrofit(claim: str, **facts) -> ClaimRetrofit:
    return ClaimRetrofit(
        claim=claim,
        enterprise="E1",
        facility="F1",
        evidence=HASH,
        last_year=2030,
        **{
            "works": "W1",
            "began_on": date(2026, 7, 1),
            "ended_on": date(2026, 12, 31),
            "measures": (RetrofitLine("energy"),),
            **facts,
        },
    )


def retrofit_audits(bench, clock, **outputs) -> None:
    bench.do(baseline(**outputs.get("before", {})), actor=VERIFIER).require()
    clock.now = start_of(date(2027, 1, 15))
    bench.do(reaudit(**outputs.get("after", {})), actor=VERIFIER).require()
