"""What the log holds of a house, and names for what the service makes, by which two houses can be compared."""

import json
import re
from typing import Any

import msgspec
from eventsourcing.persistence import StoredEvent

from services.bootstrap import CODEC, Service
from services.store.data_keys import DataKeys

EVENTS = """
    SELECT originator_id, originator_version, topic, state FROM ledger.events
     WHERE notification_id > %(after)s ORDER BY notification_id
"""
PAID_AT_IN_UTC = "2026-11-22T05:00:00Z"
MADE = re.compile(
    r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b"  # the ids of bills, payments and requests
    r"|\bB[0-9]{6}-[0-9A-HJKMNP-TV-Z]{10}\b"  # the codes of bills
    r"|\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z"  # the moments of recording
)


async def recorded(service: Service, house: str, after: int) -> list[dict[str, Any]]:
    """The events of a house after a position of the log, in their order, virtual accounts in the clear."""
    found = []
    for row in await service.store.read(EVENTS, {"after": after}):
        event = CODEC.to_domain_event(StoredEvent(*row))
        if event.accommodation_id.startswith(house):
            found.append({"topic": row[2], **msgspec.to_builtins(vars(event))})
    keys = await DataKeys(service.pool).for_opening({event["folio_id"] for event in found if "folio_id" in event})
    for event in found:
        for account in event.get("virtual_accounts", ()):
            plain = keys[event["folio_id"]].open(account["sealed"])
            assert plain is not None
            account["sealed"] = plain.decode()
    return found


class Appearances:
    """Gives ids, bill codes and times of a house names by the order in which they appear."""

    def __init__(self, house: str) -> None:
        self._house = house
        self._names = {PAID_AT_IN_UTC: PAID_AT_IN_UTC}

    def named(self, value: Any) -> Any:
        """The value with names for all that the service has made in it, and without the house."""
        text = json.dumps(value, sort_keys=True).replace(self._house, "")
        return json.loads(MADE.sub(lambda made: self._names.setdefault(made[0], f"<{len(self._names)}>"), text))
