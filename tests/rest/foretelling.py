"""A dry run beside the real run right after it, with names for what the service makes anew in each."""

from collections.abc import Sequence
from typing import Any

import httpx

from services.rest.schemas import DryRunResults
from tests.operations import Asked
from tests.properties.recorded import Appearances
from tests.rest.support import line

View = dict[str, Any]
DRY = "/v1/commands?dryRun=true"
REQUEST_ID = {"X-Request-Id": "the-same-in-both"}


def item_of(asked: Asked) -> View:
    """A command as it stands in a batch."""
    operation = asked.operation
    item = {"method": operation.method, "path": operation.path_of(asked.id), "body": dict(asked.members)}
    return item if asked.key is None else {**item, "idempotencyKey": asked.key}


async def foretold(client: httpx.AsyncClient, body: View) -> View:
    """What a dry run says, in the form of `happened`."""
    answer = await client.post(DRY, json=body, headers=REQUEST_ID)
    assert answer.status_code < 500, line(answer)
    said = answer.json()
    if answer.is_error:
        return {"status": answer.status_code, "answer": said, "events": [], "balances": [], "folios": []}
    DryRunResults.model_validate_json(answer.content)
    for number, event in enumerate(said["events"], 1):
        assert event.pop("id") == f"dry-run/{REQUEST_ID['X-Request-Id']}/{number}"
    shown = {name: said[name] for name in ("events", "balances", "folios")}
    return {"status": 200, "answer": {"results": said["results"]}, **shown}


async def happened(client: httpx.AsyncClient, body: View, folio_ids: Sequence[str]) -> View:
    """What the real run does: its answer, the events that the feed shows, and balances as queries show them.

    Nothing else may be going on, and nothing may happen outside these folios.
    """
    position = (await client.get("/v1/events")).headers["Folio-Position"]
    before = await _folios(client, folio_ids)
    answer = await client.post("/v1/commands", json=body, headers=REQUEST_ID)
    assert answer.status_code < 500, line(answer)
    after = await _folios(client, folio_ids)
    page = (await client.get(f"/v1/events?after={position}&limit=500")).json()
    assert page["next"] == page["head"], "all events fit on the page"
    for event in page["items"]:
        assert event.pop("id").isdigit()
    touched = [event for event in page["items"] if "balanceEffect" in event["data"]]
    bills = {event["subject"]: event["folioid"] for event in touched}
    return {
        "status": answer.status_code,
        "answer": answer.json(),
        "events": page["items"],
        "balances": [
            {"billId": bill_id, "folioId": folio_id, "before": _bill(before, bill_id), "after": _bill(after, bill_id)}
            for bill_id, folio_id in bills.items()
        ],
        "folios": [
            {"folioId": folio_id, "before": _folio(before, folio_id), "after": _folio(after, folio_id)}
            for folio_id in dict.fromkeys(bills.values())
        ],
    }


def named(house: str, run: View) -> Any:
    """A run with names for all that was made in it, by which two can be compared."""
    return Appearances(house).named(run)


async def _folios(client: httpx.AsyncClient, folio_ids: Sequence[str]) -> dict[str, View]:
    answers = {folio_id: await client.get(f"/v1/folios/{folio_id}") for folio_id in folio_ids}
    return {folio_id: answer.json() for folio_id, answer in answers.items() if answer.is_success}


def _bill(folios: dict[str, View], bill_id: str) -> int | None:
    bills = (bill for folio in folios.values() for bill in folio["bills"])
    return next((bill["balanceAmount"] for bill in bills if bill["id"] == bill_id), None)


def _folio(folios: dict[str, View], folio_id: str) -> int | None:
    return folios[folio_id]["balanceAmount"] if folio_id in folios else None
