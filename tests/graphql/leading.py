"""A document that shows a folio and everything that its bills lead on to, now or as it was."""

from typing import Any

import httpx

from tests.graphql.asking import errors_of

FOLIO = """query($id: ID!, $at: DateTime, $position: ID, $effective: DateTime) {
    folio(id: $id, at: $at, position: $position, effectiveAt: $effective) {
        balanceAmount paidAmount
        bills {
            ...members transferOriginBill { ...brief transferOriginBill { id version } } payments { bill { version } }
            settlementsMade { targetBill { ...brief settlementsReceived { paymentBill { version } } } }
            settlementsReceived { paymentBill { ...brief } }
            paymentRequests { bill { ...brief paymentRequests { status } } }
        }
    }
}"""
BILL = """query($id: ID!, $at: DateTime, $position: ID, $effective: DateTime) {
    bill(id: $id, at: $at, position: $position, effectiveAt: $effective) { ...members }
}"""
MEMBERS = """
fragment brief on Bill { id name totalAmount balanceAmount status version payments { amount } }
fragment members on Bill {
    ...brief updatedAt
    payments { id paidAt cancelledAt virtualAccounts { accountNumber accountHolder } }
    settlementsMade { targetBillId settledAmount } settlementsReceived { paymentBillId settledAmount }
    paymentRequests {
        id billId amount status url customerName maskedPhone requestedAt sentAt paidAt paidAmount paymentId
        resendCount pointsSpent lastError version
    }
}"""


async def shown(client: httpx.AsyncClient, id_: str, document: str = FOLIO, **point: Any) -> tuple[dict[str, Any], int]:
    """What a document shows of the folio or bill, and the position that the answer is from."""
    body = {"query": document + MEMBERS, "variables": {"id": id_, **point}}
    answer = await client.post("/graphql", json=body)
    assert "errors" not in answer.json(), errors_of(answer)
    return answer.json()["data"], int(answer.headers["Folio-Position"])
