"""The heads of all chains under one root: 65,536 drawers, and a binary tree over them.

A drawer holds the chains whose key begins with its number. A chain has one place, so that the root says which head
it has, and none of its last links can be left out. The other chains of a drawer show as hashes that tell nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.evidence.chain import VERSION_FIELD, hashed

HEAD = b"folio-ledger head"
DRAWER = b"folio-ledger drawer"
NODE = b"folio-ledger node"
LEVELS = 16
DRAWERS = 1 << LEVELS
"""The node of drawer d is DRAWERS + d; the node above n is n // 2; the root is node 1."""
ROOT = 1


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: how many links it has, and the hash of the last."""

    key: bytes
    links: int
    hash: bytes

    @property
    def drawer(self) -> int:
        """Which drawer it lies in."""
        return drawer_of(self.key)

    @property
    def leaf(self) -> bytes:
        """Its hash in the drawer; nobody guesses what is in it who does not know the chain's last hash."""
        return hashed(HEAD, VERSION_FIELD, self.key, b"%d" % self.links, self.hash)


def key_of(chain: str) -> bytes:
    """A chain's key."""
    return hashlib.sha256(chain.encode()).digest()


def drawer_of(key: bytes) -> int:
    """The drawer in which the chain of a key lies."""
    return int.from_bytes(key[:2])


def drawer_hash(leaves: Iterable[bytes]) -> bytes:
    """The hash of a drawer's leaves, which are in the order of their chains' keys."""
    return hashed(DRAWER, VERSION_FIELD, *leaves)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two nodes together."""
    return hashed(NODE, VERSION_FIELD, left, right)


def _empty_hashes() -> list[bytes]:
    hashes = [drawer_hash([])]
    for _ in range(LEVELS):
        hashes.append(node_hash(hashes[-1], hashes[-1]))
    return hashes[::-1]


EMPTY_HASHES = _empty_hashes()
"""The hash of a node with nothing under it, by level: the root is level 0, the drawers are level 16."""


def empty_hash(node: int) -> bytes:
    """The hash of this node when nothing lies under it."""
    return EMPTY_HASHES[node.bit_length() - 1]


def node_of(drawer: int) -> int:
    """The node of a drawer."""
    return DRAWERS + drawer


def with_ancestors(nodes: Iterable[int]) -> set[int]:
    """These nodes and all that lie above them."""
    found: set[int] = set()
    level = set(nodes)
    while level - {0}:
        found |= level
        level = {node // 2 for node in level}
    return found


def recomputed(hashes: Mapping[int, bytes], changed: Mapping[int, bytes]) -> dict[int, bytes]:
    """The nodes above some drawers' nodes, and these, after they `changed`; `hashes` holds those beside the way up."""
    known = {**hashes, **changed}
    above = sorted(with_ancestors(changed) - changed.keys(), reverse=True)
    for node in above:
        known[node] = node_hash(*(known.get(child) or empty_hash(child) for child in (2 * node, 2 * node + 1)))
    return {node: known[node] for node in (*above, *changed)}


def root_over(drawer: int, own: bytes, path: Sequence[bytes]) -> bytes:
    """The root over a drawer's hash, given the hashes beside its way up, from the bottom."""
    node = node_of(drawer)
    for beside in path:
        own = node_hash(own, beside) if node % 2 == 0 else node_hash(beside, own)
        node //= 2
    return own
