"""
An export written by hand from docs/format.md: hashlib, struct, json, no code under test.

`small_log()` is a year in small: five blocks, eight commands, six entries, two checkpoints.
The seal methods are also the forger's tools: whoever edits rows can make everything fit again.
"""

import base64
import json
import struct
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# RFC 8032, 7.1, test 1: a published key, so that every vector here can be recomputed by anyone.
LOG_KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
LOG_PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
KEY_NAME = "yongneng/demonstration/370100"
FILES = ("accounts", "assets", "commands", "entries", "blocks", "balances", "checkpoints")
T0 = 1_782_835_200_000_000  # 2026-06-30T16:00:00Z, midnight in Shanghai


def u64(*numbers):
    return b"".join(struct.pack(">Q", number) for number in numbers)


def lp(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(raw)) + raw


def digest(raw):
    return sha256(raw).digest()


def command_leaf(row):
    return (
        lp("yongneng/command/1")
        + u64(row["sequence"])
        + lp(digest(row["id"].encode()))
        + lp(row["kind"])
        + lp(row["actor"])
        + lp(bytes.fromhex(row["payload_hash"]))
        + lp(row["code"])
        + lp(digest(row["answer"].encode()))
        + lp(row["rules_version"])
        + u64(row["recorded_at"])
    )


def entry_leaf(row):
    leaf = lp("yongneng/entry/1")
    leaf += u64(row["sequence"], row["command_sequence"], row["ordinal"])
    leaf += lp(row["code"]) + lp(row["rule"]) + lp(row["reference"])
    leaf += u64(row["effective_at"], row["reverses"], len(row["postings"]))
    for source, destination, asset, amount in row["postings"]:
        leaf += lp(source) + lp(destination) + lp(asset) + u64(int(amount))
    return leaf


def root(hashes):
    """RFC 9162, 2.1.1, as it is written there."""
    if not hashes:
        return digest(b"")
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return digest(b"\x01" + root(hashes[:split]) + root(hashes[split:]))


def signed(body, *, name=KEY_NAME, key=LOG_KEY):
    key_hash = digest(name.encode() + b"\n\x01" + key.public_key().public_bytes_raw())[:4]
    line = base64.b64encode(key_hash + key.sign(body.encode())).decode()
    return f"{body}\n\N{EM DASH} {name} {line}\n"


def verifier_key(*, name=KEY_NAME, key=LOG_KEY):
    public = key.public_key().public_bytes_raw()
    key_hash = digest(name.encode() + b"\n\x01" + public)[:4]
    packed = base64.b64encode(b"\x01" + public).decode()
    return f"{name}+{key_hash.hex()}+{packed}"


class Log:
    """Rows as they stand in the files; each method of sealing makes one kind of figure fit."""

    def __init__(self):
        self.ledger_id = "370100"
        self.demonstration = True
        self.accounts = []
        self.assets = []
        self.commands = []
        self.entries = []
        self.blocks = []
        self.balances = []
        self.checkpoints = []
        self.checkpointed = [3, 5]

    def command(self, kind, *, code="ok", **payload):
        sequence = len(self.commands) + 1
        self.commands.append(
            {
                "sequence": sequence,
                "id": f"demo-{sequence}",
                "kind": kind,
                "actor": "person:P001",
                "payload": json.dumps(payload, ensure_ascii=False, sort_keys=True),
                "payload_hash": "",
                "code": code,
                "answer": "{}",
                "rules_version": "demo/2026-01",
                "recorded_at": T0 + sequence,
            }
        )

    def entry(self, code, *postings, rule="REG-10", reference="", reverses=0):
        command = self.commands[-1]
        mine = [row for row in self.entries if row["command_sequence"] == command["sequence"]]
        self.entries.append(
            {
                "sequence": len(self.entries) + 1,
                "command_sequence": command["sequence"],
                "ordinal": len(mine),
                "code": code,
                "rule": rule,
                "reference": reference,
                "effective_at": command["recorded_at"],
                "reverses": reverses,
                "postings": [list(posting) for posting in postings],
            }
        )

    def block(self):
        first = self.blocks[-1]["last_sequence"] + 1 if self.blocks else 1
        self.blocks.append(
            {
                "number": len(self.blocks) + 1,
                "previous_hash": "",
                "first_sequence": first,
                "last_sequence": len(self.commands),
                "last_entry": len(self.entries),
                "committed_at": T0 + 1_000 * len(self.commands),
                "hash": "",
            }
        )

    def leaves(self, first=1, last=None):
        leaves = []
        for row in self.commands[first - 1 : last]:
            leaves.append(command_leaf(row))
            leaves += [
                entry_leaf(entry)
                for entry in self.entries
                if entry["command_sequence"] == row["sequence"]
            ]
        return leaves

    def seal_payloads(self):
        for row in self.commands:
            row["payload_hash"] = digest(row["payload"].encode()).hex()

    def seal_blocks(self):
        previous = bytes(32)
        for row in self.blocks:
            leaves = self.leaves(row["first_sequence"], row["last_sequence"])
            row["previous_hash"] = previous.hex()
            previous = digest(
                lp("yongneng/block/1")
                + u64(row["number"])
                + lp(previous)
                + u64(row["first_sequence"], row["last_sequence"], row["last_entry"])
                + u64(row["committed_at"])
                + lp(digest(b"".join(map(lp, leaves))))
            )
            row["hash"] = previous.hex()

    def seal_balances(self):
        sums = {}
        for row in self.entries:
            for source, destination, asset, amount in row["postings"]:
                sums[source, asset] = sums.get((source, asset), 0) - int(amount)
                sums[destination, asset] = sums.get((destination, asset), 0) + int(amount)
        self.balances = [
            {"account": account, "asset": asset, "amount": str(amount)}
            for (account, asset), amount in sorted(sums.items())
        ]

    def origin(self):
        return f"yongneng/{'demonstration' if self.demonstration else 'ledger'}/{self.ledger_id}"

    def body(self, block_number):
        block = self.blocks[block_number - 1]
        hashes = [digest(b"\x00" + leaf) for leaf in self.leaves(1, block["last_sequence"])]
        packed = base64.b64encode(root(hashes)).decode()
        time = f"2026-07-01T00:0{block_number}:00Z"
        return f"{self.origin()}\n{len(hashes)}\n{packed}\ntime {time}\n"

    def seal_checkpoints(self):
        self.checkpoints = [{"note": signed(self.body(number))} for number in self.checkpointed]

    def seal(self):
        self.seal_payloads()
        self.seal_blocks()
        self.seal_balances()
        self.seal_checkpoints()
        return self

    def files(self):
        texts = {
            f"{name}.jsonl": "".join(
                json.dumps(row, ensure_ascii=False) + "\n" for row in getattr(self, name)
            )
            for name in FILES
        }
        return {name: text.encode() for name, text in texts.items()} | {"verify.py": b"# copy\n"}

    def manifest(self, files):
        return {
            "format": "yongneng/export/1",
            "ledger_id": self.ledger_id,
            "demonstration": self.demonstration,
            "counts": {
                name.removesuffix(".jsonl"): raw.count(b"\n")
                for name, raw in files.items()
                if name != "verify.py"
            },
            "files": {name: sha256(raw).hexdigest() for name, raw in files.items()},
        }

    def write(self, folder):
        files = self.files()
        write_files(folder, files, self.manifest(files))


def write_files(folder, files, manifest):
    folder.mkdir(exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    (folder / "manifest.json").write_bytes(text.encode())


FLOW = "energy.flow.general.2026.eq.370100"
CNY = "cash.cny"


def small_log():
    log = Log()
    log.accounts = [
        {"address": address, "state": "open"}
        for address in (
            "scheme:issuance",
            "bank:settlement",
            "venue:fees",
            "enterprise:E001:holding",
            "enterprise:E001:cash",
            "enterprise:E002:holding",
            "enterprise:E002:cash",
        )
    ]
    log.assets = [{"code": FLOW, "note": {"单位": "kgce"}}, {"code": CNY, "note": {}}]
    seller, buyer = "enterprise:E001", "enterprise:E002"

    log.command("ledger.open", name="示范账本")
    log.command("quota.allocate", enterprise="E001", amount=5_000_000)
    log.entry(
        "allocation", ("scheme:issuance", f"{seller}:holding", FLOW, "5000000"), rule="ALC-01"
    )
    log.block()
    log.command("cash.deposit", enterprise="E002", amount=90_000_000)
    log.entry(
        "deposit", ("bank:settlement", f"{buyer}:cash", CNY, "90000000"), reference="bank:2026-1"
    )
    log.command("quota.transfer", code="insufficient_balance", amount=9_000_000_000)
    log.block()
    log.command("trade.settle", quantity=1_000_000, price=22_050)
    log.entry(
        "trade",
        (f"{seller}:holding", f"{buyer}:holding", FLOW, "1000000"),
        (f"{buyer}:cash", f"{seller}:cash", CNY, "22050000"),
        (f"{seller}:cash", "venue:fees", CNY, "66150"),
        rule="SET-01",
        reference="trade:1",
    )
    log.block()
    log.command("cash.deposit", enterprise="E001", amount=100)
    log.entry("deposit", ("bank:settlement", f"{seller}:cash", CNY, "100"), reference="bank:2026-2")
    log.entry("transfer", (f"{seller}:cash", f"{buyer}:cash", CNY, "40"))
    log.command("entry.reverse", entry=5)
    log.entry("reversal", (f"{buyer}:cash", f"{seller}:cash", CNY, "40"), reverses=5)
    log.block()
    log.command("market.close")
    log.block()
    return log.seal()
