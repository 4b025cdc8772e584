"""The page behind the short URL: what a guest sees on the phone."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from services.payssam.sandbox.bill import DESTROYED, PAID, REFUNDED, Bill
from services.payssam.sandbox.desk import Desk
from services.payssam.sandbox.refusals import Refusal

STYLE = """
body { margin: 0; background: #f2f4f6; color: #191f28; font-family: system-ui, sans-serif; }
main { box-sizing: border-box; max-width: 24rem; margin: 0 auto; padding: 1.5rem; }
section { background: #fff; border-radius: 1rem; padding: 1.5rem; }
h1 { margin: 0 0 1rem; font-size: 1.1rem; overflow-wrap: anywhere; }
dl { margin: 0; } dt { color: #6b7684; font-size: .8rem; } dd { margin: 0 0 .8rem; overflow-wrap: anywhere; }
.amount { font-size: 1.6rem; font-weight: 700; }
.state { margin: 1rem 0 0; font-weight: 700; text-align: center; }
button { width: 100%; padding: 1rem; border: 0; border-radius: .8rem; background: #3182f6; color: #fff;
  font: inherit; font-weight: 700; }
footer { margin-top: 1rem; color: #6b7684; font-size: .75rem; text-align: center; }
"""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}

PAY_BUTTON = "결제하기 / Pay"


def page_routes(desk: Desk) -> list[Route]:
    """The page of each bill, and the payment that its button posts."""

    async def show(request: Request) -> Response:
        try:
            return _html(_bill_page(desk, desk.bill(request.path_params["bill_id"])))
        except Refusal:
            return _html(_frame("<p class=state>청구서를 찾을 수 없습니다 / No such bill</p>"), 404)

    async def pay(request: Request) -> Response:
        bill_id = request.path_params["bill_id"]
        try:
            desk.pay(bill_id, by="page")
        except Refusal:
            return await show(request)  # the page says why it cannot be paid
        return RedirectResponse(bill_id, 303)  # relative: the public address may have a path of its own

    return [Route("/p/{bill_id}", show, methods=["GET"]), Route("/p/{bill_id}", pay, methods=["POST"])]


def masked(name: str) -> str:
    """A name of which only the ends can be read: 홍*동, 홍*, *."""
    if len(name) <= 2:  # noqa: PLR2004
        return name[:-1] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


def _bill_page(desk: Desk, bill: Bill) -> str:
    rows = [
        ("상품 / Product", escape(bill.product_name)),
        ("금액 / Amount", f"<span class=amount>{bill.price:,}원</span> KRW"),
        ("고객 / Guest", escape(masked(bill.member_name))),
    ]
    if bill.message:
        rows.append(("안내 / Message", escape(bill.message)))
    if bill.expire_date:
        rows.append(("결제 기한 / Pay by", escape(bill.expire_date)))
    listed = "".join(f"<dt>{title}</dt><dd>{value}</dd>" for title, value in rows)
    issuer = escape(bill.issuer or bill.merchant or "결제선생 샌드박스 / Sandbox")
    return _frame(f"<h1>{issuer}</h1><dl>{listed}</dl>{_ending(desk, bill)}")


def _ending(desk: Desk, bill: Bill) -> str:
    said = {
        PAID: "결제되었습니다 / Paid",
        REFUNDED: "환불되었습니다 / Refunded",
        DESTROYED: "파기된 청구서입니다 / This bill has been withdrawn",
    }.get(bill.state)
    if said is None and bill.final_at is not None:
        said = "결제 처리 중입니다 / Payment under way"
    if said is None and desk.expired(bill):
        said = "결제 기한이 지났습니다 / Expired"
    if said is None:
        return f"<form method=post><button type=submit>{PAY_BUTTON}</button></form>"
    back = ""
    if bill.state == PAID and bill.redirect_url:
        back = f'<p class=state><a href="{escape(bill.redirect_url)}">돌아가기 / Back</a></p>'
    return f"<p class=state>{said}</p>{back}"


def _frame(content: str) -> str:
    return (
        "<!doctype html><html lang=ko><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1"><title>청구서 / Bill</title>'
        f"<style>{STYLE}</style></head><body><main><section>{content}</section>"
        "<footer>연습용 페이지, 실제 결제는 없습니다 / For practice: no money moves</footer></main></body></html>"
    )


def _html(content: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(content, status, HEADERS)
