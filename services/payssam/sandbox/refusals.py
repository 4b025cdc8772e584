"""What the provider refuses, with the code of each generation of its API."""

from dataclasses import dataclass

OK = 200
BAD_REQUEST = 400


@dataclass(frozen=True)
class Reason:
    """One way to be refused: its code in V1 and in V2, and the HTTP status."""

    v1: str
    v2: str
    status: int = OK


WRONG_FIELD = Reason("9999", "VALIDATION_001", BAD_REQUEST)
WRONG_HASH = Reason("9999", "VALIDATION_002", BAD_REQUEST)
WRONG_CALLBACK_URL = Reason("9870", "VALIDATION_001", BAD_REQUEST)
UNKNOWN_KEY = Reason("1003", "PARTNER_002")
UNKNOWN_MERCHANT = Reason("1003", "PARTNER_003")
BELOW_MINIMUM = Reason("1205", "VALIDATION_001")
ID_USED = Reason("9800", "9800")
NOT_FOUND = Reason("9980", "BILL_003")
# The numbers after BILL_ in the next three are this sandbox's own: of V2 only the prefix is known for these cases.
CANCELLED_ALREADY = Reason("9970", "BILL_004")
PAID_ALREADY = Reason("9971", "BILL_005")
NOT_PAID = Reason("9999", "BILL_007")
NO_POINTS = Reason("1201", "POINT_001")
MAINTENANCE = Reason("5000", "MAINTAINED_METHOD")


class Refusal(Exception):
    """The provider does not do it."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
