"""`POST /v1/commands`: many commands in one request, all or none of them, or each for itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.access import Caller
from services.billing.event import Context
from services.desk.bodies import BatchBody, BatchItem
from services.desk.commands import find_command
from services.desk.desk import Call, Desk, Key, batch_outcome, fingerprint_of
from services.desk.outcomes import Outcome
from services.desk.parsing import parse
from services.desk.problems import Fault, Problem, invalid
from services.desk.requests import check_role, path_values


@dataclass(frozen=True)
class Unreadable:
    """An item that is no command; its problem is its result."""

    problem: Problem


async def run_batch(desk: Desk, body: BatchBody, context: Context, caller: Caller, key: Key | None) -> Outcome:
    """Carry out a batch. Raises Problem for two items with one key and, if atomic, for an unreadable item."""
    _check_keys(body.commands, key)
    items = [_read(item, context, caller) for item in body.commands]
    if body.atomic:
        for index, item in enumerate(items):
            if isinstance(item, Unreadable):
                return Outcome(item.problem.status, item.problem.body(context.request_id, index=index), problem=True)
        return await desk.run_atomic([item for item in items if isinstance(item, Call)], key)
    return await _run_each(desk, items, context, key)


async def _run_each(desk: Desk, items: Sequence[Call | Unreadable], context: Context, key: Key | None) -> Outcome:
    """One after the other, each under a key of its own, so that a broken batch goes on where it was."""
    earlier = await desk.replay(key)
    if earlier is not None:
        return earlier
    results = []
    for index, item in enumerate(items):
        part = None if key is None or isinstance(item, Unreadable) or item.key else key.of_part("batch", index)
        try:
            if isinstance(item, Unreadable):
                raise item.problem
            results.append(await desk.run(item if part is None else replace(item, key=part)))
        except Problem as problem:
            if part is not None:
                raise
            results.append(Outcome(problem.status, problem.body(context.request_id), problem=True))
    positions = [result.position for result in results if result.position is not None]
    outcome = batch_outcome(results).at(max(positions, default=None))
    return outcome if key is None else await desk.keep(key, outcome)


def _check_keys(items: Sequence[BatchItem], key: Key | None) -> None:
    seen = set() if key is None else {key.key}
    for index, item in enumerate(items):
        if item.idempotency_key in seen:
            pointer = f"/commands/{index}/idempotencyKey"
            raise invalid(pointer, "The batch itself or another command of it has the same key.")
        if item.idempotency_key is not None:
            seen.add(item.idempotency_key)


def _read(item: BatchItem, context: Context, caller: Caller) -> Call | Unreadable:
    found = find_command(item.method, item.path)
    if found is None:
        detail = f"{item.method} {item.path} is no command; the commands are listed in /docs."
        return Unreadable(Problem("INVALID_PARAMETER", detail, [Fault("/path", "INVALID_PARAMETER", detail)]))
    command, given = found
    try:
        check_role(caller, command.roles)
        values = path_values(command.path_names, given)
        body = parse(command.body, _bytes(item))
    except Problem as problem:
        return Unreadable(problem)
    fingerprint = fingerprint_of(item.method, item.path, body)
    key = Key(caller.id, item.idempotency_key, fingerprint) if item.idempotency_key else None
    reason = getattr(body, "reason", None)
    return Call(command, values, body, replace(context, reason=reason, expected_version=None), key)


def _bytes(item: BatchItem) -> bytes:
    try:
        return json.dumps(item.body or {}, allow_nan=False).encode()
    except ValueError:
        raise invalid("/body", "The body holds a number that JSON does not know.") from None
