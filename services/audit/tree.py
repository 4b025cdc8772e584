"""The tree of the newest checkpoint, derived from the chains once more and compared with what is kept."""

from collections.abc import Iterator
from itertools import groupby

from services.audit.findings import Finding, Kind
from services.evidence.checkpoint import Checkpoint
from services.evidence.drawers import ROOT, Head, drawer_hash, empty_hash, node_of, recomputed
from services.store.linking import Connection

ENDS = """
    SELECT chain, sha256(convert_to(chain, 'UTF8')) AS key, number, hash
      FROM ledger.links JOIN (
        SELECT chain, max(number) AS number FROM ledger.links WHERE position <= %(position)s GROUP BY chain
      ) AS last USING (chain, number)
"""
SELECT_ENDS = f"SELECT key, number, hash FROM ({ENDS}) AS ends ORDER BY key"  # noqa: S608 -- the query above
SELECT_STRANGE_HEADS = f"""
    SELECT coalesce(kept.chain, said.chain)
      FROM ({ENDS}) AS said
      FULL JOIN (SELECT *, count(*) OVER (PARTITION BY chain) AS times FROM ledger.heads) AS kept
           ON kept.chain = said.chain
     WHERE (kept.key, kept.links, kept.hash, kept.drawer, kept.times) IS DISTINCT FROM
           (said.key, said.number, said.hash, get_byte(said.key, 0) * 256 + get_byte(said.key, 1), 1::bigint)
     LIMIT 100
"""  # noqa: S608 -- the query above
SELECT_TREE = "SELECT node, hash FROM ledger.tree"
NODES_MAX = 131_072
"""All that a tree can have; it is not read on to learn how many more somebody has put there."""


def root_findings(connection: Connection, checkpoint: Checkpoint | None) -> Iterator[Finding]:
    """Chains that do not lead to the newest checkpoint's root, and nodes that are not kept so. Raises psycopg.Error."""
    position = 0 if checkpoint is None else checkpoint.position
    drawers: dict[int, bytes] = {}
    with connection.cursor("audited_ends", binary=True) as cursor:
        heads = (Head(*row) for row in cursor.execute(SELECT_ENDS.encode(), {"position": position}))
        for drawer, inside in groupby(heads, key=lambda head: head.drawer):
            drawers[node_of(drawer)] = drawer_hash(head.leaf for head in inside)
    nodes = recomputed({}, drawers)
    if checkpoint is not None and nodes.get(ROOT, empty_hash(ROOT)) != checkpoint.root:
        sentence = f"The chains do not lead to the root that checkpoint {checkpoint.number} has signed."
        yield Finding(Kind.ROOT_DIFFERS, sentence, position)
    kept = connection.execute(f"{SELECT_TREE} LIMIT {NODES_MAX + 1}".encode(), binary=True).fetchall()
    if len(kept) != len(nodes) or dict(kept) != nodes:
        stored: dict[int, bytes] = dict(kept)
        differing = sum(stored.get(node) != nodes.get(node) for node in stored.keys() | nodes.keys())
        surplus = len(kept) - len(stored)
        yield Finding(Kind.TREE_DIFFERS, f"{differing + surplus} kept nodes of the tree are not what the chains say.")


def head_findings(connection: Connection, checkpoint: Checkpoint | None) -> Iterator[Finding]:
    """Ends of chains that are not kept as they are. Raises psycopg.Error."""
    position = 0 if checkpoint is None else checkpoint.position
    for (chain,) in connection.execute(SELECT_STRANGE_HEADS.encode(), {"position": position}):
        yield Finding(Kind.TREE_DIFFERS, f"The end that is kept of {chain} is not where its links end.")
