"""Checking a proof: every link, the way to the root, the signature. Nothing but the document and the key is needed."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.evidence.chain import actor_in, facts_in, folio_chain, origin_of
from services.evidence.checkpoint import key_id_of
from services.evidence.drawers import LEVELS, Head, drawer_hash, key_of, root_over
from services.evidence.package import Damaged, Package, VersionUnknown, read_package


@dataclass
class Verdict:
    """What checking a proof has found: what is wrong with it, and what could not be checked."""

    package: Package | None = None
    faults: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything was checked and is right."""
        return not self.faults and not self.unchecked


def verify(text: bytes, keys: Iterable[Ed25519PublicKey]) -> Verdict:
    """Check a proof, given the public keys that are trusted."""
    try:
        package = read_package(json.loads(text.decode(), object_pairs_hook=_distinct))
    except VersionUnknown as error:
        return Verdict(unchecked=[str(error)])
    except Damaged as error:
        return Verdict(faults=[str(error)])
    except (ValueError, RecursionError) as error:
        return Verdict(faults=[f"the package is damaged or cut off: {error}"])
    verdict = Verdict(package)
    verdict.faults += _faults_of_links(package)
    verdict.faults += _faults_of_root(package)
    _check_signature(package, {key_id_of(key): key for key in keys}, verdict)
    return verdict


def _distinct(members: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in members]
    if len(set(names)) != len(names):
        raise Damaged(f"the package names a member twice, one of {sorted(set(names))!a}")
    return dict(members)


def _faults_of_links(package: Package) -> list[str]:
    faults = []
    previous = origin_of(folio_chain(package.folio_id))
    position, recorded_at = 0, ""
    versions: Counter[str] = Counter()
    for number, (link, stated) in enumerate(zip(package.links, package.hashes, strict=True), 1):
        where = f"link {number} (position {link.position}, {link.topic} of {link.stream})"
        versions[link.stream] += 1
        if link.hash(previous) != stated:
            faults.append(f"{where}: its hash is not that of its fields after {_before(number)}")
        if link.position <= position:
            faults.append(f"{where}: it does not come after position {position}")
        if link.recorded_at < recorded_at:
            faults.append(f"{where}: it was recorded before the event before it")
        if link.version != versions[link.stream]:
            faults.append(f"{where}: it is version {link.version} of its stream, not {versions[link.stream]}")
        if actor_in(facts_in(link.payload)) != link.actor:
            faults.append(f"{where}: its actor is not the one that its payload names")
        previous, position, recorded_at = stated, link.position, link.recorded_at
    return faults


def _before(number: int) -> str:
    return "the origin of the folio's chain" if number == 1 else f"link {number - 1}"


def _faults_of_root(package: Package) -> list[str]:
    if not package.links:
        return ["the package holds no event"]
    faults = []
    checkpoint, key = package.checkpoint, key_of(folio_chain(package.folio_id))
    own = Head(key, len(package.links), package.hashes[-1])
    if package.links[-1].position > checkpoint.position:
        faults.append(f"the last link is after the checkpoint's position {checkpoint.position}")
    if package.drawer.count(own.leaf) != 1:
        faults.append(
            f"the checkpoint does not know the folio's chain as it is here, with {own.links} links and this end:"
            " a link was left out or added, or is of another time"
        )
    if len(package.path) != LEVELS:
        faults.append(f"the path has {len(package.path)} hashes instead of {LEVELS}")
    elif root_over(own.drawer, drawer_hash(package.drawer), package.path) != checkpoint.root:
        faults.append("drawer and path do not lead to the checkpoint's root")
    return faults


def _check_signature(package: Package, keys: Mapping[str, Ed25519PublicKey], verdict: Verdict) -> None:
    checkpoint = package.checkpoint
    key = keys.get(checkpoint.key_id)
    if key is None:
        given = ", ".join(sorted(keys)) or "none"
        verdict.unchecked.append(
            f"checkpoint {checkpoint.number} is signed with key {checkpoint.key_id}; given: {given}"
        )
    elif not checkpoint.signed_with(key):
        verdict.faults.append(f"checkpoint {checkpoint.number}: the signature is not that of key {checkpoint.key_id}")
