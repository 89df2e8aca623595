"""Health over HTTP: public, and true."""

from tests.api.rest.offices import sign

HOUR = 3_600_000_000


def test_health_tells_how_far_the_ledger_is_and_how_old_the_checkpoint(faced):
    public = faced.visit()
    none = public.get("/api/v1/health").json
    assert (none["status"], none["purpose"]) == ("ok", "demonstration")
    assert none["checkpoint_size"] is none["checkpoint_age_seconds"] is None

    sign(faced)
    faced.bench.clock.advance(2 * HOUR)
    told = public.get("/api/v1/health").json

    assert told["checkpoint_sequence"] == told["sequence"] == none["sequence"]
    assert told["checkpoint_size"] > told["sequence"]
    assert 7_200 <= told["checkpoint_age_seconds"] <= 7_201
    assert told["at"].startswith("2026-01-14T18:00:00")
