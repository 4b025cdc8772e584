"""Runs commands over HTTP, as a PMS would."""

from typing import Any

import httpx

from tests.conftest import PAID_AT
from tests.properties.answers import Outcome
from tests.properties.commands import (
    AddBill,
    ChangeBill,
    ChangePayment,
    Command,
    Configure,
    DeleteBill,
    EndPayment,
    Money,
    Pay,
    Settle,
    Target,
    Transfer,
)

Request = tuple[str, str, dict[str, Any]]
Body = dict[str, Any]


class RestDriver:
    """The running service, commanded with the commands of these properties.

    `house` is put before the ids of accommodations and folios, so that runs do not meet in one ledger.
    """

    def __init__(self, client: httpx.AsyncClient, house: str) -> None:
        self._client = client
        self._house = house

    async def run(self, command: Command) -> Outcome:
        """The answer to a command."""
        method, path, body = self._request(command)
        response = await self._client.request(method, path, json=body)
        if response.is_error:
            assert response.status_code < 500, response.text
            return Outcome(response.json()["code"])
        assert int(response.headers["Folio-Position"]) > 0
        if response.status_code == 204 or isinstance(command, Configure):
            return Outcome()
        answer = response.json()
        if isinstance(command, Pay | ChangePayment | EndPayment):
            return Outcome(payment=answer)
        return Outcome(bills=[self._at_home(bill) for bill in answer.get("items", [answer])])

    async def bill(self, bill_id: str) -> Any:
        """A bill as it is now, or the code of the error."""
        return await self._get(f"/v1/bills/{bill_id}")

    async def payment(self, payment_id: str) -> Any:
        """A payment as it is now, or the code of the error."""
        return await self._get(f"/v1/payments/{payment_id}")

    async def payments(self, bill_id: str) -> Any:
        """The payments of a bill, or the code of the error."""
        return await self._get(f"/v1/bills/{bill_id}/payments")

    async def folio(self, folio_id: str) -> Any:
        """A folio as it is now, or the code of the error."""
        return await self._get(f"/v1/folios/{self._house}{folio_id}")

    async def bills(self, accommodation_id: str) -> Any:
        """The bills of an accommodation."""
        return await self._get(f"/v1/accommodations/{self._house}{accommodation_id}/bills?limit=500")

    async def _get(self, path: str) -> Any:
        response = await self._client.get(path)
        answer = self._at_home(response.json())
        return answer["code"] if response.is_error else answer

    def _at_home(self, value: Any) -> Any:
        """The answer with the ids that the run knows."""
        if isinstance(value, dict):
            return {name: self._at_home(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._at_home(each) for each in value]
        return value.removeprefix(self._house) if isinstance(value, str) else value

    def _request(self, command: Command) -> Request:
        match command:
            case Configure(accommodation, currency):
                return "PUT", f"/v1/accommodations/{self._house}{accommodation}", _given(currency=currency)
            case AddBill():
                return "POST", f"/v1/folios/{self._house}{command.folio}/bills", self._bill(command)
            case ChangeBill(bill, name, total, balance, cancel):
                body = _given(name=name, totalAmount=total, balanceAmount=balance)
                return ("POST", f"/v1/bills/{bill}/cancel", body) if cancel else ("PATCH", f"/v1/bills/{bill}", body)
            case DeleteBill(bill):
                return "DELETE", f"/v1/bills/{bill}", {}
            case Settle(bill, settlements):
                return "POST", f"/v1/bills/{bill}/settlements", {"settlements": _settlements(settlements)}
            case Transfer(bills, folio, reservation):
                items = [_given(id=bill, splitAmount=split) for bill, split in bills]
                body = _given(bills=items, folioId=self._house + folio, reservationId=reservation)
                return "POST", "/v1/bills/transfer", body
            case Pay(bill, money, apply):
                return "POST", f"/v1/bills/{bill}/payments", {**_payment(money), **_given(applyToBalance=apply)}
            case ChangePayment(payment, method, amount, account):
                accounts = None if account is None else _accounts(account)
                body = _given(paymentMethod=method, amount=amount, virtualAccounts=accounts)
                return "PATCH", f"/v1/payments/{payment}", body
            case EndPayment(payment, delete):
                path = f"/v1/payments/{payment}"
                return ("DELETE", path, {}) if delete else ("POST", f"{path}/cancel", {})

    def _bill(self, command: AddBill) -> Body:
        return _given(
            name=command.name,
            totalAmount=command.total,
            balanceAmount=command.balance,
            reservationId=command.reservation,
            accommodationId=command.accommodation and self._house + command.accommodation,
            payments=[_payment(money) for money in command.payments] or None,
            settlements=_settlements(command.settlements) or None,
        )


def _given(**members: Any) -> Body:
    return {name: value for name, value in members.items() if value is not None}


def _accounts(number: str) -> list[Body]:
    return [{"bankCode": "088", "accountNumber": number, "accountHolder": "홍길동"}] if number else []


def _payment(money: Money) -> Body:
    body: Body = {"paymentMethod": money.method, "amount": money.amount, "paidAt": PAID_AT}
    return {**body, "virtualAccounts": _accounts(money.account)} if money.account else body


def _settlements(wanted: tuple[tuple[Target, int], ...]) -> list[Body]:
    return [{"targetBillId": target, "settledAmount": amount} for target, amount in wanted]
