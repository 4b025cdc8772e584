"""The control API under /sandbox/: paying, the manager app, points, faults on demand, and the sandbox's books."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.payssam.sandbox.desk import Desk
from services.payssam.sandbox.faults import Amount, CallbackOrder, FaultOrder, Faults, RandomOrder, TooManyOrders
from services.payssam.sandbox.payments import DEFAULT_PAY_TYPE
from services.payssam.sandbox.refusals import NOT_FOUND, Refusal

Body = TypeVar("Body", bound=msgspec.Struct)
Endpoint = Callable[[Request], Awaitable[Response]]


class Payment(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What `POST /sandbox/bills/{billId}/pay` takes: `amount` in won, the bill's price when absent."""

    amount: Amount | None = None
    pay_type: Annotated[str, msgspec.Meta(min_length=1, max_length=30)] = DEFAULT_PAY_TYPE


class Points(msgspec.Struct, forbid_unknown_fields=True):
    """What `POST /sandbox/points` takes: the balance from now on."""

    balance: Amount


class Listing(msgspec.Struct, forbid_unknown_fields=True):
    """The query of `GET /sandbox/bills`: `after` is the `next` of the listing before."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class Control:
    """The endpoints. A wrong body is answered 400, an unknown bill 404, what the provider would refuse 409."""

    def __init__(self, desk: Desk, faults: Faults) -> None:
        self._desk = desk
        self._faults = faults

    def routes(self) -> list[Route]:
        """The routes of the control API."""
        listed: list[tuple[str, str, Endpoint]] = [
            ("POST", "/sandbox/faults", self.add_fault),
            ("DELETE", "/sandbox/faults", self.clear_faults),
            ("POST", "/sandbox/callbacks", self.add_mode),
            ("POST", "/sandbox/random", self.set_random),
            ("POST", "/sandbox/points", self.set_points),
            ("GET", "/sandbox/totals", self.totals),
            ("GET", "/sandbox/bills", self.bills),
            ("GET", "/sandbox/bills/{bill_id}", self.bill),
            ("POST", "/sandbox/bills/{bill_id}/pay", self.pay),
            ("POST", "/sandbox/bills/{bill_id}/cancel", self.cancel),
            ("POST", "/sandbox/bills/{bill_id}/destroy", self.destroy),
        ]
        return [Route(path, _answering(endpoint), methods=[method]) for method, path, endpoint in listed]

    async def add_fault(self, request: Request) -> Response:
        """Let the next calls go wrong (`FaultOrder`)."""
        self._faults.add_fault(await _read(request, FaultOrder))
        return Response(status_code=204)

    async def add_mode(self, request: Request) -> Response:
        """Let something happen to the next payments' callbacks (`CallbackOrder`)."""
        self._faults.add_mode(await _read(request, CallbackOrder))
        return Response(status_code=204)

    async def set_random(self, request: Request) -> Response:
        """Let a share of all calls and callbacks go wrong (`RandomOrder`); rate 0 ends it and frees what is held."""
        order = await _read(request, RandomOrder)
        self._faults.set_random(order)
        if order.rate == 0:
            self._desk.release_callbacks()
        return Response(status_code=204)

    async def clear_faults(self, _request: Request) -> Response:
        """Forget all faults and modes, random ones too, and send the callbacks that are held."""
        self._faults.clear()
        self._desk.release_callbacks()
        return Response(status_code=204)

    async def set_points(self, request: Request) -> Response:
        """Set the points that are left (`Points`)."""
        self._desk.set_points((await _read(request, Points)).balance)
        return Response(status_code=204)

    async def totals(self, _request: Request) -> Response:
        """The sandbox's books (`Desk.totals`)."""
        return JSONResponse(self._desk.totals())

    async def bills(self, request: Request) -> Response:
        """Bills in the order they were sent (`Listing`)."""
        query = msgspec.convert(dict(request.query_params), Listing, strict=False)
        return JSONResponse(self._desk.bills(query.after, query.limit))

    async def bill(self, request: Request) -> Response:
        """Everything about one bill."""
        return self._all_of(request)

    async def pay(self, request: Request) -> Response:
        """Pay as the guest (`Payment`; the body may be empty)."""
        payment = await _read(request, Payment)
        self._desk.pay(request.path_params["bill_id"], payment.amount, payment.pay_type, by="control")
        return self._all_of(request)

    async def cancel(self, request: Request) -> Response:
        """Refund in the manager app."""
        self._desk.cancel(request.path_params["bill_id"])
        return self._all_of(request)

    async def destroy(self, request: Request) -> Response:
        """Void in the manager app."""
        self._desk.destroy(request.path_params["bill_id"])
        return self._all_of(request)

    def _all_of(self, request: Request) -> Response:
        return JSONResponse(self._desk.all_of(request.path_params["bill_id"]))


def _answering(endpoint: Endpoint) -> Endpoint:
    async def answering(request: Request) -> Response:
        try:
            return await endpoint(request)
        except msgspec.MsgspecError as error:
            return _problem(400, str(error))
        except TooManyOrders:
            return _problem(409, "too many orders wait; DELETE /sandbox/faults first")
        except Refusal as refusal:
            return _problem(404 if refusal.reason is NOT_FOUND else 409, refusal.message)

    return answering


def _problem(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status)


async def _read(request: Request, form: type[Body]) -> Body:
    content: Any = await request.body()
    return msgspec.json.decode(content or b"{}", type=form)
