"""Proofs made in memory, with Korean names, several streams and other chains in the same drawer."""

import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.evidence.chain import Link, actor_in, facts_in, folio_chain, origin_of
from services.evidence.checkpoint import Checkpoint, key_id_of
from services.evidence.drawers import (
    ROOT,
    Head,
    drawer_hash,
    empty_hash,
    key_of,
    node_hash,
    node_of,
    recomputed,
)
from services.evidence.package import Package

FOLIO = "FOLIO-1"
BILL, OTHER_BILL = "01M825A34KAA3NKVDJ4W8S0GZZ", "01M825A34KAA3NKVDJ4W8S0GZY"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
EVENTS = (
    (f"folio/{FOLIO}", "folio.opened", {"folio_id": FOLIO, "accommodation_id": "HOTEL-1", "key": "pms", "user": None}),
    (BILL, "bill.added", {"folio_id": FOLIO, "key": "pms", "user": "김지우", "name": "객실", "total_amount": 150_000}),
    (OTHER_BILL, "bill.added", {"folio_id": FOLIO, "key": "pms", "user": "", "name": "Bar", "total_amount": 12_000}),
    (BILL, "payment.recorded", {"folio_id": FOLIO, "key": "pms", "user": None, "amount": 150_000, "sealed": "v1.c2Vh"}),
    (OTHER_BILL, "bill.cancelled", {"folio_id": FOLIO, "key": "pms", "user": "김지우", "reason": "잘못 입력"}),
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A proof, and everything that was computed on the way."""

    package: Package
    vectors: dict[str, Any]

    @property
    def document(self) -> dict[str, Any]:
        """The proof as JSON."""
        return self.package.document()

    @property
    def text(self) -> bytes:
        """The proof as it is sent."""
        return json.dumps(self.document, ensure_ascii=False).encode()


def make_proof() -> Made:
    """A proof of five events of one folio, in the second checkpoint."""
    chain = folio_chain(FOLIO)
    links, hashes, versions = [], [], dict.fromkeys((stream for stream, _, _ in EVENTS), 0)
    previous = origin_of(chain)
    for number, (stream, topic, facts) in enumerate(EVENTS, 1):
        versions[stream] += 1
        payload = json.dumps(facts, ensure_ascii=False).encode()
        moment = f"2026-11-22T05:00:0{number}.000000Z"
        link = Link(3 * number, stream, versions[stream], topic, moment, actor_in(facts_in(payload)), payload)
        previous = link.hash(previous)
        links.append(link)
        hashes.append(previous)
    head = Head(key_of(chain), len(links), previous)
    neighbour = Head(head.key[:2] + bytes(30), 7, bytes(range(32)))
    drawer = [each.leaf for each in sorted((head, neighbour), key=lambda each: each.key)]
    node, elsewhere = node_of(head.drawer), node_of(head.drawer ^ 0x0101)
    nodes = recomputed({}, {node: drawer_hash(drawer), elsewhere: drawer_hash([Head(bytes(32), 1, bytes(32)).leaf])})
    path, at = [], node
    while at > ROOT:
        path.append(nodes.get(at ^ 1) or empty_hash(at ^ 1))
        at //= 2
    first = Checkpoint(1, 9, "2026-11-22T05:00:04.500000Z", node_hash(b"", b""), bytes(32), key_id_of(KEY.public_key()))
    checkpoint = Checkpoint(
        2, 17, "2026-11-22T05:01:00.000000Z", nodes[ROOT], first.digest, key_id_of(KEY.public_key())
    ).signed(KEY)
    vectors = {
        "origin": origin_of(chain).hex(),
        "links": [each.hex() for each in hashes],
        "key": head.key.hex(),
        "drawerNumber": head.drawer,
        "leaf": head.leaf.hex(),
        "drawer": drawer_hash(drawer).hex(),
        "emptyDrawer": drawer_hash([]).hex(),
        "emptyRoot": empty_hash(ROOT).hex(),
        "root": nodes[ROOT].hex(),
        "signed": checkpoint.signed_bytes.hex(),
        "digest": checkpoint.digest.hex(),
        "keyId": checkpoint.key_id,
    }
    return Made(Package(FOLIO, links, hashes, drawer, path, checkpoint), vectors)
