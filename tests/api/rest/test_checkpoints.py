"""Checkpoints over HTTP: public, with proofs between them that end where they end."""

import sqlalchemy as sa

from ledger.attest import leaves
from ledger.db import reading
from ledger.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from tests.api.rest.offices import ids, problem, sign
from tests.api.rest.test_orders import ORDER

PATH = "/api/v1/checkpoints"


def sizes(faced):
    """Sign, let something happen, sign again; return both sizes."""
    sign(faced)
    faced.post(faced.visit("person:T1"), "/api/v1/orders", ORDER)
    sign(faced)
    with reading(faced.bench.engine) as connection:
        found = connection.execute(sa.text("SELECT size FROM checkpoints ORDER BY size")).scalars()
        return list(found)


def test_without_a_checkpoint_there_is_nothing_to_prove(faced):
    public = faced.visit()

    assert public.get(PATH).json["items"] == []
    assert problem(public.get(f"{PATH}/latest")) == (404, "not_found")
    assert problem(public.get(f"{PATH}/latest.txt")) == (404, "not_found")
    assert problem(public.get("/api/v1/inclusion-proofs?index=0&size=1")) == (400, "range_invalid")


def test_everybody_reads_the_newest_checkpoint(faced):
    first, second = sizes(faced)
    public = faced.visit()

    latest = public.get(f"{PATH}/latest").json
    text = public.get(f"{PATH}/latest.txt")

    assert (latest["size"], second > first) == (second, True)
    assert latest["origin"].startswith("yongneng/demonstration/sample-")
    assert latest["note"] == text.text
    assert text.mimetype == "text/plain"
    assert ids(public.get(PATH), "size") == [second, first]
    assert ids(public.get(f"{PATH}?limit=1"), "size") == [second]
    assert public.get(f"{PATH}/{first}").json["size"] == first
    assert (
        problem(public.get(f"{PATH}/{first + 1}" if first + 1 < second else f"{PATH}/1"))[0] == 404
    )


def test_proofs_lead_to_the_roots_of_the_rows(faced):
    first, second = sizes(faced)
    with reading(faced.bench.engine) as connection:
        hashes = [leaf_hash(leaf) for leaf in leaves(connection)]
    public = faced.visit()

    for size in (1, first, second):
        for index in {0, size // 2, size - 1}:
            told = public.get(f"/api/v1/inclusion-proofs?index={index}&size={size}").json
            verify_inclusion(
                hash_of_leaf=hashes[index],
                index=index,
                size=size,
                proof=[bytes.fromhex(each) for each in told["proof"]],
                root=root_of(hashes[:size]),
            )
            assert told["root"] == root_of(hashes[:size]).hex()
    for old in (1, first, second):
        told = public.get(f"/api/v1/consistency-proofs?first={old}&second={second}").json
        verify_consistency(
            old_size=old,
            new_size=second,
            old_root=root_of(hashes[:old]),
            new_root=root_of(hashes[:second]),
            proof=[bytes.fromhex(each) for each in told["proof"]],
        )


def test_a_range_beyond_the_edges_is_refused(faced):
    first, second = sizes(faced)
    public = faced.visit()
    inclusion, consistency = "/api/v1/inclusion-proofs", "/api/v1/consistency-proofs"

    for path in (
        f"{inclusion}?index={second}&size={second}",
        f"{inclusion}?index=0&size=0",
        f"{inclusion}?index=0&size={second + 1}",
        f"{consistency}?first=0&second={second}",
        f"{consistency}?first={second}&second={first}",
        f"{consistency}?first=1&second={second + 1}",
    ):
        assert problem(public.get(path)) == (400, "range_invalid"), path
    for path in (f"{inclusion}?index=-1&size=3", f"{inclusion}?index=1", f"{consistency}?first=a"):
        assert public.get(path).status_code in (400, 422), path
    assert public.get(f"{inclusion}?index={second - 1}&size={second}").status_code == 200
