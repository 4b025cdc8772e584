"""A second reader of proofs, written from FORMAT.md alone and sharing nothing with the first, as others would."""

import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def framed(*fields: str | int | bytes) -> bytes:
    """Each field after its length."""
    raw = [field if isinstance(field, bytes) else str(field).encode() for field in fields]
    return b"".join(len(field).to_bytes(8, "big") + field for field in raw)


def hashed(*fields: str | int | bytes) -> bytes:
    """SHA-256 of the framed fields."""
    return hashlib.sha256(framed(*fields)).digest()


def read(text: bytes, key_pem: bytes) -> dict[str, Any]:
    """Check a proof; returns what was computed, in the words of the vectors. Raises AssertionError."""
    proof = json.loads(text)
    assert (proof["format"], proof["version"], proof["chainVersion"]) == ("folio-ledger proof", 1, 1)
    chain = "folio/" + proof["folioId"]
    origin = previous = hashed("folio-ledger chain", "1", chain)
    seen: dict[str, int] = {}
    links = []
    for event in proof["events"]:
        fields = [event[name] for name in ("position", "stream", "version", "topic", "recordedAt", "actor", "payload")]
        previous = hashed("folio-ledger link", "1", previous, *fields)
        assert previous.hex() == event["hash"]
        seen[event["stream"]] = seen.get(event["stream"], 0) + 1
        assert event["version"] == seen[event["stream"]]
        payload = json.loads(event["payload"])
        assert event["actor"] == (payload.get("user") or payload.get("key") or "")
        links.append(previous.hex())
    assert sorted(event["position"] for event in proof["events"]) == [event["position"] for event in proof["events"]]
    checkpoint = proof["checkpoint"]
    assert proof["events"][-1]["position"] <= checkpoint["position"]

    key = hashlib.sha256(chain.encode()).digest()
    leaf = hashed("folio-ledger head", "1", key, len(links), previous)
    assert proof["drawer"].count(leaf.hex()) == 1
    number = key[0] * 256 + key[1]
    drawer = root = hashed("folio-ledger drawer", "1", *(bytes.fromhex(each) for each in proof["drawer"]))
    node = 65_536 + number
    assert len(proof["path"]) == 16
    for beside in proof["path"]:
        pair = (root, bytes.fromhex(beside)) if node % 2 == 0 else (bytes.fromhex(beside), root)
        root = hashed("folio-ledger node", "1", *pair)
        node //= 2
    assert root.hex() == checkpoint["root"]

    names = ("number", "position", "madeAt")
    hashes = [bytes.fromhex(checkpoint[name]) for name in ("root", "previous")]
    signed = framed("folio-ledger checkpoint", "1", *(checkpoint[name] for name in names), *hashes, checkpoint["keyId"])
    public_key = load_pem_public_key(key_pem)
    raw = public_key.public_bytes_raw()  # type: ignore[union-attr]
    assert hashlib.sha256(raw).hexdigest()[:16] == checkpoint["keyId"]
    try:
        public_key.verify(bytes.fromhex(checkpoint["signature"]), signed)  # type: ignore[union-attr, call-arg]
    except InvalidSignature as error:
        raise AssertionError("the signature is another's") from error
    empty = [hashed("folio-ledger drawer", "1")]
    for _ in range(16):
        empty.append(hashed("folio-ledger node", "1", empty[-1], empty[-1]))
    return {
        "origin": origin.hex(),
        "links": links,
        "key": key.hex(),
        "drawerNumber": number,
        "leaf": leaf.hex(),
        "drawer": drawer.hex(),
        "emptyDrawer": empty[0].hex(),
        "emptyRoot": empty[16].hex(),
        "root": root.hex(),
        "signed": signed.hex(),
        "digest": hashlib.sha256(signed).hexdigest(),
        "keyId": checkpoint["keyId"],
    }
