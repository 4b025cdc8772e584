"""Reading from read models: fresh by default, and always saying which position an answer is from."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from projections.runner import MOVED, WANTED, Runner
from services.store.connection import Pool
from services.store.reading import reading

FRESH_SECONDS_MAX = 2.0
LOOK_AGAIN_SECONDS = 0.05
OF_FOLIO = ("folio_id", "id")
"""Columns that say what a row waits behind: its folio, or its own stream."""

Scope = list[str] | None
"""The accommodations that a caller may see, None for all."""

WRAPPED = """
    SELECT (SELECT position FROM ledger.log_head) AS head, stand.position, stand.furthest,
           (SELECT max(originator_version) FROM ledger.events WHERE originator_id = %(stream)s) AS latest,
           (SELECT jsonb_object_agg(folio, first)
              FROM (SELECT folio, min(position) AS first FROM read_model.parked
                     WHERE read_model = ANY(%(read_models)s) AND reason IS NOT NULL GROUP BY folio) AS parked) AS held,
           (SELECT coalesce(jsonb_agg(to_jsonb(found)), '[]'::jsonb) FROM ({query}) AS found) AS rows
      FROM (SELECT coalesce(min(notification_id), 0) AS position, coalesce(max(notification_id), 0) AS furthest
              FROM read_model.positions WHERE application_name = ANY(%(read_models)s)) AS stand
"""

CALLING = f"""
    WITH answer AS MATERIALIZED ({{wrapped}})
    SELECT head, position, furthest, latest, held, rows,
           CASE WHEN position < head THEN pg_notify('{WANTED}', set_config('synchronous_commit', 'off', true)) END
      FROM answer
"""
"""Hurries the process that keeps the read models up, if they are behind. A notification is a commit, which need not
reach the disk."""


class NotCaughtUp(Exception):
    """The read models have not reached the position that the query asked for, in the time it may wait."""

    def __init__(self, position: int, wanted: int) -> None:
        super().__init__(f"The read models are at position {position} of the log, {wanted} is wanted.")


class FolioHeld(NotCaughtUp):
    """A read model could not take an event of what is asked for, and so does not show what happened since."""

    def __init__(self, folio: str, position: int) -> None:
        Exception.__init__(
            self,
            f"What happened on {folio} from position {position} of the log on cannot be shown yet: a read model could"
            " not take that event. 'folio projections park' says why; consistency=eventual shows what was before.",
        )


@dataclass(frozen=True)
class Freshness:
    """How current an answer must be: up with all that is committed (default), and at least `min_position`."""

    eventual: bool = False
    min_position: int = 0

    def at_least(self, position: int) -> "Freshness":
        """The same, and from this position or a later one."""
        return replace(self, min_position=max(self.min_position, position))


@dataclass(frozen=True)
class Answer:
    """Rows of a query, and the position of the log that they are from."""

    rows: Sequence[dict[str, Any]]
    position: int

    def map(self, view: Callable[[dict[str, Any]], dict[str, Any]]) -> "Answer":
        """The same answer with each row turned into something else."""
        return Answer([view(row) for row in self.rows], self.position)


@cache
def read_models_in(query: str) -> frozenset[str]:
    """The read models that a statement names."""
    return frozenset(re.findall(r"\bread_model\.(\w+)", query))


def _check_held(held: dict[str, int], parameters: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    asked = {value for value in parameters.values() if isinstance(value, str)}
    about = asked | {row[name] for row in rows for name in OF_FOLIO if name in row}
    for folio in sorted(held.keys() & about if rows else held):  # what is not found may be among what waits
        raise FolioHeld(folio, held[folio])


class Reader:
    """Answers queries from read models, whoever keeps them up."""

    def __init__(self, pool: Pool, runner: Runner) -> None:
        self._pool = pool
        self._runner = runner
        self._moved_elsewhere = runner.listener.signals[MOVED]

    async def find(
        self, query: str, parameters: dict[str, Any], freshness: Freshness, stream: str | None = None
    ) -> Answer:
        """Run a query for one thing. Raises FolioHeld when it waits behind a parked event, and as `query`.

        `stream`: all that the answer shows comes from this stream, up to the `version` of the one row. When nothing
        newer is in the log, the answer is current however far the read model is with the rest.
        """
        return await self._run(query, parameters, freshness, one=True, stream=stream)

    async def query(self, query: str, parameters: dict[str, Any], freshness: Freshness) -> Answer:
        """Run a query in one snapshot with the positions of the read models that it names, or else of all.

        Raises NotCaughtUp, StoreUnavailable.
        """
        return await self._run(query, parameters, freshness, one=False)

    async def _run(
        self, query: str, parameters: dict[str, Any], freshness: Freshness, *, one: bool, stream: str | None = None
    ) -> Answer:
        names = [name for name in self._runner.names if name in read_models_in(query)] or self._runner.names
        wrapped = WRAPPED.format(query=query)
        parameters = {**parameters, "read_models": names, "stream": stream}
        wanted = freshness.min_position
        may_wait = wanted > 0 or not freshness.eventual
        deadline = None
        behind = None
        while True:
            here, seen = self._runner.keeps_up(names), self._moved_elsewhere.count
            statement = CALLING.format(wrapped=wrapped) if may_wait and not here else wrapped
            head, position, furthest, latest, held, rows, *_ = (await reading(self._pool, statement, parameters))[0]
            if deadline is None:
                deadline = time.monotonic() + FRESH_SECONDS_MAX
                wanted = wanted if freshness.eventual else max(wanted, head)
            proven = False
            if not freshness.eventual:
                wanted = max(wanted, furthest)  # rows of several read models belong together at one position only
                if stream is not None and latest == (rows[0]["version"] if rows else None):
                    proven, position = True, head
            if position >= wanted:
                if one and held and not freshness.eventual and not proven:
                    _check_held(held, parameters, rows)
                return Answer(rows, position)
            if time.monotonic() > deadline:
                raise NotCaughtUp(position, wanted)
            if here:
                if position == behind:  # a crash of the database may have taken back what the runner has moved
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
                behind = position
                await self._runner.wait_for(wanted, LOOK_AGAIN_SECONDS, names)
            else:
                await self._moved_elsewhere.wait(seen, LOOK_AGAIN_SECONDS)
