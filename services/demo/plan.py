"""What to send for one folio: its commands in order, later ones naming what earlier ones made."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.demo.catalogue import Hotel

REFERENCE = re.compile(r"<\d+>")
TRANSFER_PATH = "/v1/bills/transfer"


@dataclass(frozen=True)
class Planned:
    """A command to send as `actor`. `made` stands, in later paths and bodies, for the id in its answer."""

    key: str
    actor: str
    method: str
    path: str
    body: dict[str, Any]
    made: str

    @cached_property
    def needs(self) -> set[str]:
        """What earlier commands must have made."""
        return set(REFERENCE.findall(f"{self.path} {json.dumps(self.body)}"))


def fill(value: Any, ids: Mapping[str, str]) -> Any:
    """A path or body with the ids themselves in place of what stands for them."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: ids[found[0]], value)
    if isinstance(value, dict):
        return {name: fill(item, ids) for name, item in value.items()}
    return [fill(item, ids) for item in value] if isinstance(value, list) else value


def requests_of(commands: Sequence[Planned]) -> Iterator[list[Planned]]:
    """The commands in order, together as long as one actor sends them and none needs another's answer."""
    together: list[Planned] = []
    for command in commands:
        made = {earlier.made for earlier in together}
        if together and (command.actor != together[0].actor or command.needs & made):
            yield together
            together = []
        together.append(command)
    if together:
        yield together


class FolioPlan:
    """The commands of one guest's folio, and what each of its bills then owes."""

    def __init__(self, hotel: Hotel, folio_id: str) -> None:
        self.hotel = hotel
        self.folio_id = folio_id
        self.reservation_id = f"{folio_id}-R1"
        self.folio_ids = {folio_id}
        self.bill_count = 0
        self.commands: list[Planned] = []
        self.owed: dict[str, int] = {}

    def add_bill(self, actor: str, name: str, total: int, payments: Sequence[dict[str, Any]] = (), **more: Any) -> str:
        """Post a bill, its payments applied; like all that follow, it returns what stands for the id made."""
        body = {
            "accommodationId": self.hotel.id,
            "name": name,
            "totalAmount": total,
            "reservationId": self.reservation_id,
            "payments": list(payments),
            **more,
        }
        made = self._send(actor, "POST", f"/v1/folios/{self.folio_id}/bills", body)
        self.owed[made] = total - sum(payment["amount"] for payment in payments)
        self.bill_count += 1
        return made

    def settle_all(self, actor: str, name: str, payments: Sequence[dict[str, Any]]) -> str:
        """Spread payments over all that is owed: a bill of total 0 takes the money and settles the others."""
        settlements: list[dict[str, Any]] = [
            {"targetBillId": bill, "settledAmount": amount} for bill, amount in self.owed.items() if amount > 0
        ]
        made = self.add_bill(actor, name, 0, payments, settlements=settlements)
        self.owed = {made: self.owed[made] + sum(settlement["settledAmount"] for settlement in settlements)}
        return made

    def settle(self, actor: str, payer: str, target: str, amount: int) -> None:
        """Settle one bill from another that has a credit."""
        settlement = {"targetBillId": target, "settledAmount": amount}
        self._send(actor, "POST", f"/v1/bills/{payer}/settlements", {"settlements": [settlement]})
        self.owed[target] -= amount
        self.owed[payer] += amount

    def pay(self, actor: str, bill: str, payment: dict[str, Any]) -> str:
        """Record a payment that is taken off the balance."""
        self.owed[bill] -= payment["amount"]
        return self._send(actor, "POST", f"/v1/bills/{bill}/payments", {**payment, "applyToBalance": True})

    def cancel_payment(self, actor: str, bill: str, payment: str, amount: int, reason: str) -> None:
        """Give the amount of a payment back."""
        self._send(actor, "POST", f"/v1/payments/{payment}/cancel", {"reason": reason})
        self.owed[bill] += amount

    def change_total(self, actor: str, bill: str, total: int, reason: str) -> None:
        """Correct an unpaid bill's total."""
        self._send(actor, "PATCH", f"/v1/bills/{bill}", {"totalAmount": total, "reason": reason})
        self.owed[bill] = total

    def cancel_bill(self, actor: str, bill: str, reason: str) -> None:
        """Take an unpaid charge back."""
        self._send(actor, "POST", f"/v1/bills/{bill}/cancel", {"reason": reason})
        del self.owed[bill]

    def delete_bill(self, actor: str, bill: str, reason: str) -> None:
        """Remove an unpaid bill."""
        self._send(actor, "DELETE", f"/v1/bills/{bill}", {"reason": reason})
        del self.owed[bill]
        self.bill_count -= 1

    def transfer(self, actor: str, bill: str, folio_id: str, reason: str, split: int | None = None) -> str:
        """Move an unpaid bill, or `split` of its total, to another folio."""
        part = {"id": bill} if split is None else {"id": bill, "splitAmount": split}
        made = self._send(actor, "POST", TRANSFER_PATH, {"bills": [part], "folioId": folio_id, "reason": reason})
        moved = self.owed[bill] if split is None else split
        self.owed[bill] -= moved
        self.owed[made] = moved
        self.folio_ids.add(folio_id)
        self.bill_count += 1
        return made

    def change_reservation(self, actor: str, bill: str, reservation_id: str, reason: str) -> None:
        """Move a bill to another reservation of this folio."""
        body = {"bills": [{"id": bill}], "folioId": self.folio_id, "reservationId": reservation_id, "reason": reason}
        self._send(actor, "POST", TRANSFER_PATH, body)

    def _send(self, actor: str, method: str, path: str, body: dict[str, Any]) -> str:
        number = len(self.commands) + 1
        made = f"<{number}>"
        self.commands.append(Planned(f"demo/{self.folio_id}/{number}", actor, method, path, body, made))
        return made
