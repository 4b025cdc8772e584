"""The first page: what this server is, and its control API."""

from collections.abc import Callable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.payssam.sandbox.bill import Bill
from services.payssam.sandbox.faults import FAULT_NAMES

BILLS_SHOWN = 20
CONTROL: tuple[tuple[str, str, str], ...] = (
    (
        "POST /sandbox/faults",
        '{"operation": "send|resend|read|destroy|cancel|points|any", "fault": "…", "times": 1, "seconds": 1}',
        f"The next calls go wrong. Faults: {', '.join(FAULT_NAMES)}. What ends in _after, and delay, acts first;"
        " the others do not act. seconds is for delay.",
    ),
    ("DELETE /sandbox/faults", "", "Forget all faults and callback modes; send the callbacks that are held."),
    (
        "POST /sandbox/callbacks",
        '{"mode": "…", "times": 1, "copies": 1, "seconds": 1, "amount": 1000}',
        "What happens to the callbacks of the next `times` payments. normal; duplicate: `copies` more, at once;"
        " reorder: held until all are paid, then the last first; early: read says W for `seconds` more;"
        " wrong_amount: another amount in the callback only; pays_other_amount: really paid with another amount;"
        " missing: never sent.",
    ),
    (
        "POST /sandbox/random",
        '{"seed": 1, "rate": 0.2, "seconds": 0.2}',
        "This share of calls and callbacks goes wrong, each time the same for the same seed; 0 ends it."
        " seconds is the longest delay. Nobody pays another amount by chance.",
    ),
    ("POST /sandbox/points", '{"balance": 100}', "Set the points that are left."),
    (
        "POST /sandbox/bills/{billId}/pay",
        '{"amount": 1000, "payType": "CARD_VAN"}',
        "Pay as the guest does; both fields may be left out.",
    ),
    ("POST /sandbox/bills/{billId}/cancel", "", "Refund in the manager app: no callback."),
    ("POST /sandbox/bills/{billId}/destroy", "", "Void in the manager app: no callback."),
    ("GET /sandbox/bills?after=0&limit=100", "", "Bills in the order they were sent; next is the following after."),
    ("GET /sandbox/bills/{billId}", "", "One bill with its history and its callbacks' answers."),
    ("GET /sandbox/totals", "", "What was sent, paid, refunded and reported in all."),
)


def index_routes(newest: Callable[[int], list[Bill]]) -> list[Route]:
    """The page at `/`, with the bills that were sent last, each with its guest's page."""
    rows = "".join(
        f"<dt><code>{escape(call)}</code></dt><dd><code>{escape(body)}</code> {escape(text)}</dd>"
        for call, body, text in CONTROL
    )
    head = (
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>PaySsam sandbox</title></head><body>"
        "<h1>PaySsam sandbox</h1><p>A stand-in for the provider. It speaks V1 under <code>/if/</code> and V2 under"
        " <code>/bill</code> and <code>/read</code>; no money moves.</p><h2>Newest bills</h2>"
    )
    control = f"<h2>Control</h2><dl>{rows}</dl></body></html>"

    async def show(_request: Request) -> Response:
        bills = "".join(
            f"<li><a href='p/{escape(bill.bill_id)}'>{escape(bill.product_name)}</a>, {bill.price:,} won, {bill.state}"
            for bill in newest(BILLS_SHOWN)
        )
        return HTMLResponse(f"{head}<ul>{bills or '<li>none yet'}</ul>{control}")

    return [Route("/", show, methods=["GET"])]
