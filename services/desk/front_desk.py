"""What every face of the service answers from."""

from dataclasses import dataclass

from services.billing.feed import EventLog
from services.desk.desk import Desk
from services.desk.dry_run import DryRuns
from services.desk.evidence import Evidence
from services.desk.guest_export import GuestExport
from services.desk.history import History
from services.desk.lookups import Lookups
from services.desk.opening import Opener
from services.desk.payment_request_desk import PaymentRequestDesk
from services.desk.report_desk import ReportDesk
from services.desk.requests import Authenticator


@dataclass(frozen=True)
class FrontDesk:
    """Who may call, and what carries commands out or foretells them, answers queries, tells history, opens personal
    data, follows the log, proves it, tells all that is kept of a guest, and reports.
    """

    authenticator: Authenticator
    desk: Desk
    payment_requests: PaymentRequestDesk
    lookups: Lookups
    history: History
    opener: Opener
    events: EventLog
    evidence: Evidence
    dry_runs: DryRuns
    guest_export: GuestExport
    reports: ReportDesk
