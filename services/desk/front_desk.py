"""What every face of the service answers from."""

from dataclasses import dataclass

from services.billing.feed import EventLog
from services.desk.desk import Desk
from services.desk.guest_export import GuestExport
from services.desk.lookups import Lookups
from services.desk.opening import Opener
from services.desk.payment_request_desk import PaymentRequestDesk
from services.desk.requests import Authenticator


@dataclass(frozen=True)
class FrontDesk:
    """Who may call, what carries commands out, what answers queries, what opens personal data, what follows the log,
    what tells all that is kept of a guest.
    """

    authenticator: Authenticator
    desk: Desk
    payment_requests: PaymentRequestDesk
    lookups: Lookups
    opener: Opener
    events: EventLog
    guest_export: GuestExport
