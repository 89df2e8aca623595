"""A full or failed disk over HTTP: who writes is told so, and who reads notices nothing."""

import pytest

from ledger.storage import StorageFailed
from tests.api.rest.offices import problem
from tests.ledger.compliance.world import ENERGY

PATH = "/api/v1/holds"
BODY = {"enterprise": "E1", "asset": ENERGY, "amount": "1", "purpose": "自留" * 60}
ONE_PAGE, NO_LIMIT = 1, 1 << 30


def limit(faced, pages):
    """Let SQLite say that the disk is full when the database would have more pages than these."""
    driver = faced.bench.writer._connection.connection.driver_connection
    driver.execute(f"PRAGMA max_page_count={pages}")


@pytest.mark.parametrize("faced", ["sqlite"], indirect=True)
def test_a_full_disk_refuses_writes_serves_reads_and_takes_the_same_key_once_there_is_room(faced):
    owner = faced.visit("person:T1")
    limit(faced, ONE_PAGE)
    for number in range(100):
        before, key = faced.digest(), f"hold:{number}"
        answer = faced.post(owner, PATH, BODY, key=key)
        if answer.status_code != 201:
            break

    assert problem(answer) == (503, "storage_exhausted")
    assert int(answer.headers["Retry-After"]) > 0
    assert faced.digest() == before
    assert owner.get(PATH).status_code == 200

    limit(faced, NO_LIMIT)
    assert faced.post(owner, PATH, BODY, key=key).status_code == 201
    again = faced.post(owner, PATH, BODY, key=key)
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("faced", ["sqlite"], indirect=True)
def test_after_a_failed_disk_writes_are_refused_and_reads_are_served(faced):
    owner = faced.visit("person:T1")
    before = faced.digest()
    faced.bench.writer._stopped = StorageFailed("SQLITE_IOERR_FSYNC: disk I/O error")

    answer = faced.post(owner, PATH, BODY)

    assert problem(answer) == (503, "storage_failed")
    assert "SQLITE" not in answer.json["detail"]
    assert faced.digest() == before
    assert owner.get(PATH).status_code == 200
