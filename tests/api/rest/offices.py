"""People with limited reach, a signed checkpoint, and the ways of asking that tests share."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.attest import ledger_origin, sign_checkpoint
from ledger.db import reading
from ledger.keys import public_key_text
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from tests.build import SECOND_SECURITY, SECURITY

AUDITOR = "person:AUD1"
FIRST_DISTRICT, SECOND_DISTRICT = "person:DR101", "person:DR102"
ADMIN_1, COMPLIANCE_1 = "person:A1", "person:C1"

APPOINTED = (
    Grant(AUDITOR, Role.AUDITOR),
    Grant(FIRST_DISTRICT, Role.DISTRICT_REGULATOR, "district:990101"),
    Grant(SECOND_DISTRICT, Role.DISTRICT_REGULATOR, "district:990102"),
    Grant(ADMIN_1, Role.ENTERPRISE_ADMIN, "enterprise:E1"),
    Grant(COMPLIANCE_1, Role.ENTERPRISE_COMPLIANCE, "enterprise:E1"),
)


def appoint(faced):
    """Give people their offices: an auditor, two districts' regulators, and E1's own staff."""
    payload = GrantRoles(grants=APPOINTED)
    faced.bench.both(payload, maker=SECURITY, checker=SECOND_SECURITY).require()


def sign(faced):
    """Sign a checkpoint over all there is; return its note and the public key's text."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    with reading(faced.bench.engine) as connection:
        origin = ledger_origin(connection)
    note = sign_checkpoint(faced.bench.engine, key, origin=origin, key_name="test")
    return note, public_key_text(key, "test")


def ids(answer, name="id"):
    """Return one field of every item of a list, which must have been given."""
    assert answer.status_code == 200, answer.text
    return [item[name] for item in answer.json["items"]]


def problem(answer):
    """Return status and code of a refusal."""
    assert answer.content_type == "application/problem+json", answer.text
    return answer.status_code, answer.json["code"]


def pages(client, path):
    """Walk a list to its end, one page after the other; return the items of each page."""
    found, cursor = [], None
    join = "&" if "?" in path else "?"
    while True:
        answer = client.get(path if cursor is None else f"{path}{join}cursor={cursor}")
        assert answer.status_code == 200, answer.text
        found.append(answer.json["items"])
        cursor = answer.json["next_cursor"]
        assert ("Link" in answer.headers) == (cursor is not None)
        if cursor is None:
            return found


EVERYTHING_PASSED = [
    "form",
    "checkpoint_form",
    "checkpoint_signature",
    "payload_hash",
    "answer_hash",
    "command_leaf",
    "entry_leaf",
    "entry_order",
    "inclusion",
    "checkpoint_known",
]
"""The checks of a receipt in their order, with a key."""
