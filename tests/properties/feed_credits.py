"""Money that covers nothing, in plain Python: on which bill it is, and how it comes back to where it was paid."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

Bill = Mapping[str, Any]
"""What is paid on it and still there (`money`), what it has too much (`excess`), and which bills have covered how much
of it, the first one first (`covers`)."""


def arrivals(bills: Mapping[str, Bill]) -> Counter[str]:
    """What comes back to each bill from those that it has covered and that have too much."""
    arrived = Counter[str]()

    def give_back(bill_id: str, spare: int, way: frozenset[str]) -> None:
        for giver, given in reversed(bills[bill_id]["covers"]):
            back = min(given, spare)
            if back <= 0:
                return
            spare -= back
            if giver in way:
                continue
            arrived[giver] += back
            needed = bills[giver]["money"] - bills[giver]["excess"]
            give_back(giver, back - max(needed, 0), way | {giver})

    for bill_id, bill in bills.items():
        give_back(bill_id, bill["excess"] - bill["money"], frozenset([bill_id]))
    return arrived


def credits_of(bills: Mapping[str, Bill]) -> dict[str, int]:
    """The credits, by bill: never more than the money there."""
    arrived = arrivals(bills)
    found = {bill_id: min(bill["money"], bill["excess"] + arrived[bill_id]) for bill_id, bill in bills.items()}
    return {bill_id: credit for bill_id, credit in found.items() if credit > 0}
