"""What a visitor is told once everything runs: where it is, and what to try."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from services.demo.catalogue import HOTELS
from services.demo.key import FILE

FOLIO = f"{HOTELS[0].id}-0001"
BILL = {"name": "미니바 콜라", "totalAmount": 4000}

AMOUNT = 1000
ASK = {"customerName": "홍길동", "phone": "010-1234-5678", "amount": AMOUNT}
NO_BILL = "BILL-ID"
"""Stands where a bill's id belongs when none owes enough: the visitor puts one in."""

TEXT = """
Folio Ledger runs, with sample hotels: {hotels}.

  API      {address}/v1
  Docs     {address}/docs
  GraphQL  {address}/graphql#key={key}
           a page to try documents on; programs send them by POST, without what follows #
  Ready    {address}/health/ready
  Metrics  {address}/metrics
  PaySsam  {provider}   a sandbox: bills are paid there for nothing
  Key      {key}
           role pms, all accommodations; kept in {key_file}

Try it: a guest's folio with its bills and payments
  {query}

Add a bill to it (sent twice under one Idempotency-Key, it is still one bill)
  {command}

The newest open bills of a hotel
  {listing}

Ask a guest for money; then pay on the guest's page, {provider}/p/ID with the "id" of the answer
  {asking}
and the payment is on the bill
  {paid}

Who owes how much, and for how long, as rows and as a picture; {address}/docs lists the other reports
  {report}
  {picture}

Ctrl-C stops it. The records stay in {data}
and are there again at the next start. 'make test' runs the tests.

"""


def welcome(address: str, provider: str, key: str, bill_id: str, data: Path) -> str:
    """The text, with commands that work as they are when pasted into a shell."""
    curl = f"curl -sS -H 'Authorization: Bearer {key}'"
    body = json.dumps(BILL, ensure_ascii=False)
    reports = f"{address}/v1/accommodations/{HOTELS[0].id}/reports"
    today = datetime.now(ZoneInfo(HOTELS[0].time_zone)).date()
    return TEXT.format(
        hotels=", ".join(hotel.id for hotel in HOTELS),
        address=address,
        key=key,
        key_file=data / FILE,
        data=data,
        query=f"{curl} '{address}/v1/folios/{FOLIO}'",
        command=f"{curl} -H 'Idempotency-Key: my-first-bill' -H 'Content-Type: application/json' "
        f"-d '{body}' '{address}/v1/folios/{FOLIO}/bills'",
        provider=provider,
        asking=f"{curl} -H 'Idempotency-Key: ask-{bill_id}' -H 'Content-Type: application/json' "
        f"-d '{json.dumps(ASK, ensure_ascii=False)}' '{address}/v1/bills/{bill_id}/payment-requests'",
        paid=f"{curl} '{address}/v1/bills/{bill_id}'",
        report=f"{curl} '{reports}/outstanding?to={today}'",
        picture=f"{curl} '{reports}/outstanding?to={today}&format=svg' > ageing.svg",
        listing=f"{curl} '{address}/v1/accommodations/{HOTELS[0].id}/bills?status=OPEN&limit=5'",
    )
