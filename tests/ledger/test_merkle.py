"""RFC 6962 vectors, every proof of every small tree against a naive one, and corruption probes."""

import json
import random
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.merkle import (
    EMPTY_ROOT,
    CompactTree,
    FullTree,
    ProofRefused,
    RootMismatch,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
    root_of,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "rfc6962"
HASHES = [sha256(b"\x00" + bytes([index])).digest() for index in range(64)]
TREE = FullTree(HASHES)


def vectors(name):
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


CT = vectors("roots")
CT_LEAVES = [bytes.fromhex(leaf) for leaf in CT["leaves"]]
CT_ROOTS = [bytes.fromhex(root) for root in CT["roots"]]
CT_TREE = FullTree(map(leaf_hash, CT_LEAVES))


def unhex(proof):
    return [bytes.fromhex(value) for value in proof]


def largest_power_below(width):
    power = 1
    while power * 2 < width:
        power *= 2
    return power


def naive_root(hashes):
    """RFC 9162, 2.1.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = largest_power_below(len(hashes))
    return sha256(b"\x01" + naive_root(hashes[:split]) + naive_root(hashes[split:])).digest()


def naive_path(index, hashes):
    """RFC 9162, 2.1.3.1, word for word."""
    if len(hashes) == 1:
        return []
    split = largest_power_below(len(hashes))
    if index < split:
        return [*naive_path(index, hashes[:split]), naive_root(hashes[split:])]
    return [*naive_path(index - split, hashes[split:]), naive_root(hashes[:split])]


def naive_subproof(old_size, hashes, whole):
    """RFC 9162, 2.1.4.1, word for word."""
    if old_size == len(hashes):
        return [] if whole else [naive_root(hashes)]
    split = largest_power_below(len(hashes))
    if old_size <= split:
        left, right = naive_subproof(old_size, hashes[:split], whole), hashes[split:]
        return [*left, naive_root(right)]
    right = naive_subproof(old_size - split, hashes[split:], False)
    return [*right, naive_root(hashes[:split])]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size):
    root = root_of(leaf_hash(leaf) for leaf in CT_LEAVES[:size])

    assert root == CT_ROOTS[size]
    assert root_at(CT_TREE.nodes, size) == CT_ROOTS[size]


@pytest.mark.parametrize("case", vectors("inclusion")["cases"])
def test_inclusion_proofs_are_the_published_ones(case):
    index, size = case["index"], case["size"]

    proof = inclusion_proof(CT_TREE.nodes, index=index, size=size)

    assert proof == unhex(case["proof"])
    verify_inclusion(
        hash_of_leaf=leaf_hash(CT_LEAVES[index]),
        index=index,
        size=size,
        proof=proof,
        root=CT_ROOTS[size],
    )


@pytest.mark.parametrize("case", vectors("consistency")["cases"])
def test_consistency_proofs_are_the_published_ones(case):
    old_size, new_size = case["old_size"], case["new_size"]

    proof = consistency_proof(CT_TREE.nodes, old_size=old_size, new_size=new_size)

    assert proof == unhex(case["proof"])
    verify_consistency(
        old_size=old_size,
        new_size=new_size,
        old_root=CT_ROOTS[old_size],
        new_root=CT_ROOTS[new_size],
        proof=proof,
    )


@pytest.mark.parametrize("size", range(65))
def test_every_tree_up_to_64_leaves_agrees_with_the_naive_one(size):
    compact = CompactTree()
    for hash_of_leaf in HASHES[:size]:
        compact.append(hash_of_leaf)

    expected = naive_root(HASHES[:size])

    assert compact.root() == expected
    assert FullTree(HASHES[:size]).root() == expected
    assert root_at(TREE.nodes, size) == expected


@pytest.mark.parametrize("size", range(1, 65))
def test_every_inclusion_proof_agrees_with_the_naive_one_and_verifies(size):
    root = naive_root(HASHES[:size])
    for index in range(size):
        proof = inclusion_proof(TREE.nodes, index=index, size=size)

        assert proof == naive_path(index, HASHES[:size])
        verify_inclusion(hash_of_leaf=HASHES[index], index=index, size=size, proof=proof, root=root)


@pytest.mark.parametrize("new_size", range(65))
def test_every_consistency_proof_agrees_with_the_naive_one_and_verifies(new_size):
    new_root = naive_root(HASHES[:new_size])
    for old_size in range(new_size + 1):
        proof = consistency_proof(TREE.nodes, old_size=old_size, new_size=new_size)

        expected = naive_subproof(old_size, HASHES[:new_size], True) if old_size else []
        assert proof == expected
        verify_consistency(
            old_size=old_size,
            new_size=new_size,
            old_root=naive_root(HASHES[:old_size]),
            new_root=new_root,
            proof=proof,
        )


def test_a_compact_tree_goes_on_from_its_stored_size_and_peaks():
    first = CompactTree()
    for hash_of_leaf in HASHES[:37]:
        first.append(hash_of_leaf)

    second = CompactTree(first.size, first.peaks)
    for hash_of_leaf in HASHES[37:]:
        second.append(hash_of_leaf)

    assert second.root() == naive_root(HASHES)


def test_peaks_that_do_not_fit_the_size_are_a_bug():
    with pytest.raises(AssertionError):
        CompactTree(3, HASHES[:1])


def test_the_empty_tree_has_the_hash_of_nothing():
    assert CompactTree().root() == EMPTY_ROOT == sha256(b"").digest()


INCLUSION = {
    "hash_of_leaf": HASHES[5],
    "index": 5,
    "size": 23,
    "proof": naive_path(5, HASHES[:23]),
    "root": naive_root(HASHES[:23]),
}
CONSISTENCY = {
    "old_size": 6,
    "new_size": 23,
    "old_root": naive_root(HASHES[:6]),
    "new_root": naive_root(HASHES[:23]),
    "proof": naive_subproof(6, HASHES[:23], True),
}
OTHER = sha256(b"other").digest()


def flipped(value):
    return bytes([value[0] ^ 1]) + value[1:]


PROOF_PROBES = {
    "flipped first hash": lambda proof: [flipped(proof[0]), *proof[1:]],
    "flipped last hash": lambda proof: [*proof[:-1], flipped(proof[-1])],
    "dropped first hash": lambda proof: proof[1:],
    "dropped last hash": lambda proof: proof[:-1],
    "empty proof": lambda _proof: [],
    "added hash in front": lambda proof: [OTHER, *proof],
    "added hash behind": lambda proof: [*proof, OTHER],
    "repeated last hash": lambda proof: [*proof, proof[-1]],
    "swapped first two": lambda proof: [proof[1], proof[0], *proof[2:]],
    "reversed": lambda proof: proof[::-1],
    "short hash": lambda proof: [proof[0][:-1], *proof[1:]],
    "long hash": lambda proof: [*proof[:-1], proof[-1] + b"\x00"],
    "two hashes joined": lambda proof: [proof[0] + proof[1], *proof[2:]],
    "empty hash": lambda proof: [b"", *proof[1:]],
    "trailing empty hash": lambda proof: [*proof, b""],
    "million hashes": lambda proof: proof * 250_000,
}


@pytest.mark.parametrize("probe", PROOF_PROBES)
def test_a_corrupted_inclusion_proof_is_refused(probe):
    corrupted = {**INCLUSION, "proof": PROOF_PROBES[probe](INCLUSION["proof"])}

    with pytest.raises(ProofRefused):
        verify_inclusion(**corrupted)


@pytest.mark.parametrize("probe", PROOF_PROBES)
def test_a_corrupted_consistency_proof_is_refused(probe):
    corrupted = {**CONSISTENCY, "proof": PROOF_PROBES[probe](CONSISTENCY["proof"])}

    with pytest.raises(ProofRefused):
        verify_consistency(**corrupted)


@pytest.mark.parametrize(
    "change",
    [
        {"hash_of_leaf": OTHER},
        {"hash_of_leaf": b""},
        {"hash_of_leaf": leaf_hash(HASHES[5])},
        {"root": OTHER},
        {"root": b""},
        {"root": INCLUSION["root"][:-1]},
        {"root": EMPTY_ROOT},
        {"index": 4},
        {"index": 6},
        {"index": 22},
        {"index": 23},
        {"index": -1},
        {"index": 2**63},
        {"size": 0},
        {"size": 1},
        {"size": 5},
        {"size": 16},
        {"size": 46},
        {"size": 2**63},
        {"size": -23},
    ],
)
def test_an_inclusion_proof_for_something_else_is_refused(change):
    with pytest.raises(ProofRefused):
        verify_inclusion(**{**INCLUSION, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"old_root": OTHER},
        {"new_root": OTHER},
        {"old_root": CONSISTENCY["new_root"], "new_root": CONSISTENCY["old_root"]},
        {"old_root": CONSISTENCY["new_root"]},
        {"old_root": b""},
        {"old_size": 0},
        {"old_size": 0, "proof": []},
        {"old_size": 0, "old_root": EMPTY_ROOT},
        {"old_size": 7},
        {"old_size": 23},
        {"old_size": 23, "proof": []},
        {"old_size": 24},
        {"old_size": -1},
        {"new_size": 6},
        {"new_size": 0},
        {"new_size": 16},
        {"new_size": 46},
        {"new_size": 2**63},
        {"old_size": 2**63, "new_size": 2**63},
        {"old_size": 0, "new_size": 0, "old_root": EMPTY_ROOT, "proof": []},
    ],
)
def test_a_consistency_proof_for_something_else_is_refused(change):
    with pytest.raises(ProofRefused):
        verify_consistency(**{**CONSISTENCY, **change})


def test_a_node_cannot_pass_for_a_leaf():
    """A two-leaf tree's root read as one leaf has another hash: that is what prefixes are for."""
    as_leaf = leaf_hash(HASHES[0] + HASHES[1])

    assert as_leaf != naive_root(HASHES[:2])


def test_a_wrong_root_is_refused_with_both_roots():
    with pytest.raises(RootMismatch) as refused:
        verify_inclusion(**{**INCLUSION, "root": OTHER})

    assert refused.value.code == "root_mismatch"
    assert refused.value.facts == {
        "expected": OTHER.hex(),
        "calculated": INCLUSION["root"].hex(),
    }


def test_a_proof_of_the_wrong_length_says_what_would_be_accepted():
    with pytest.raises(ProofRefused) as refused:
        verify_inclusion(**{**INCLUSION, "proof": []})

    assert refused.value.code == "proof_invalid"
    assert refused.value.facts == {"hashes": 0, "needed": 5}


@pytest.mark.parametrize(("index", "size"), [(0, 0), (23, 23), (24, 23), (-1, 23)])
def test_no_proof_is_made_for_a_leaf_outside_the_tree(index, size):
    with pytest.raises(ProofRefused) as refused:
        inclusion_proof(TREE.nodes, index=index, size=size)

    assert refused.value.facts == {"index": index, "size": size}


def test_no_proof_is_made_from_a_larger_to_a_smaller_tree():
    with pytest.raises(ProofRefused) as refused:
        consistency_proof(TREE.nodes, old_size=24, new_size=23)

    assert refused.value.facts == {"old_size": 24, "new_size": 23}


def mutated(chance, proof):
    """Return *proof* changed at random, never to itself."""
    at = chance.randrange(len(proof))
    kind = chance.randrange(5)
    if kind == 0:
        bit = chance.randrange(256)
        number = int.from_bytes(proof[at], "big") ^ (1 << bit)
        return [*proof[:at], number.to_bytes(32, "big"), *proof[at + 1 :]]
    if kind == 1:
        return [*proof[:at], *proof[at + 1 :]]
    if kind == 2:
        return [*proof[:at], chance.choice(HASHES), *proof[at:]]
    if kind == 3:
        return [*proof[:at], proof[at][: chance.randrange(32)], *proof[at + 1 :]]
    other = (at + 1) % len(proof)
    changed = list(proof)
    changed[other] = proof[at]
    changed[at] = OTHER
    return changed


def accepted_mutations(trials):
    """Return how many of *trials* mutated proofs pass; any error but the declared one escapes."""
    chance = random.Random(20_260_701)
    accepted = 0
    for _ in range(trials // 2):
        size = chance.randrange(2, 65)
        index, old_size = chance.randrange(size), chance.randrange(1, size)
        path = inclusion_proof(TREE.nodes, index=index, size=size)
        growth = consistency_proof(TREE.nodes, old_size=old_size, new_size=size)
        inclusion = {"hash_of_leaf": HASHES[index], "index": index, "size": size}
        inclusion |= {"root": root_at(TREE.nodes, size), "proof": mutated(chance, path)}
        consistency = {"old_size": old_size, "old_root": root_at(TREE.nodes, old_size)}
        consistency |= {"new_size": size, "new_root": inclusion["root"]}
        consistency |= {"proof": mutated(chance, growth)}
        assert inclusion["proof"] != path
        assert consistency["proof"] != growth
        for verify, claim in ((verify_inclusion, inclusion), (verify_consistency, consistency)):
            try:
                verify(**claim)
                accepted += 1
            except ProofRefused:
                pass
    return accepted


def test_of_50_000_mutated_proofs_none_is_accepted():
    """P7b at the gate: nothing accepted, and no exception but the declared one."""
    accepted = accepted_mutations(50_000)

    assert accepted == 0


def test_mutated_proofs_would_notice_a_verifier_that_forgets_the_root(monkeypatch):
    """The planted bug of the test above."""
    monkeypatch.setattr("ledger.merkle._require_root", lambda **_roots: None)

    accepted = accepted_mutations(200)

    assert accepted > 0
