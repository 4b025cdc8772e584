"""What every face of the service answers from."""

from dataclasses import dataclass

from services.billing.feed import EventLog
from services.desk.desk import Desk
from services.desk.history import History
from services.desk.lookups import Lookups
from services.desk.opening import Opener
from services.desk.payment_request_desk import PaymentRequestDesk
from services.desk.requests import Authenticator


@dataclass(frozen=True)
class FrontDesk:
    """Who may call, what carries commands out, answers queries, tells history, opens personal data, follows the log."""

    authenticator: Authenticator
    desk: Desk
    payment_requests: PaymentRequestDesk
    lookups: Lookups
    history: History
    opener: Opener
    events: EventLog
