"""Documents over a WebSocket, by the protocol graphql-transport-ws."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketState
from strawberry import UNSET
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from ulid import ULID

from services.billing.ports import StoreUnavailable
from services.billing.views import View
from services.desk.failures import TRY_AGAIN_LATER
from services.desk.following import SEND_SECONDS_MAX, Following
from services.desk.front_desk import FrontDesk
from services.desk.problems import Problem
from services.graphql.documents import NOTHING
from services.graphql.errors import describe
from services.graphql.limits import refused
from services.graphql.pointing import Places
from services.graphql.schema import FolioSchema
from services.graphql.session import Session

INIT_SECONDS_MAX = 10
OPERATIONS_MAX = 50
"""How many may be under way at once on one socket."""

REASON_LENGTH_MAX = 120

log = structlog.get_logger()


class Payload(msgspec.Struct, rename="camel"):
    """The document of a message."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


class Init(msgspec.Struct, tag_field="type", tag="connection_init"):
    """The first message."""

    payload: dict[str, Any] = {}


class Subscribe(msgspec.Struct, tag_field="type", tag="subscribe"):
    """Carry a document out; what it answers has this id."""

    id: str
    payload: Payload


class Complete(msgspec.Struct, tag_field="type", tag="complete"):
    """Stop what goes on under an id."""

    id: str


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """A sign of life that asks for one."""


class Pong(msgspec.Struct, tag_field="type", tag="pong"):
    """A sign of life."""


class Protocol(BaseGraphQLTransportWSHandler[Session, None]):
    """The protocol, each message held against its form before what it says is believed.

    A reader that takes nothing loses its socket.
    """

    async def handle(self) -> None:
        """Take messages until the end."""
        self._handling = asyncio.current_task()
        self._given_up = False
        try:
            await super().handle()
        except asyncio.CancelledError:
            if not self._given_up:
                raise
            log.info("a socket ends: its reader took nothing", request_id=self.context.request_id)
        else:
            log.info("a socket ended", request_id=self.context.request_id)

    async def send_message(self, message: Any) -> None:
        """Send a message, or end the socket when its reader does not take it."""
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await super().send_message(message)
        except TimeoutError:
            assert self._handling is not None
            self._given_up = True
            self._handling.cancel()
            raise asyncio.CancelledError from None

    def forget_id(self, id: str) -> None:  # noqa: A002 -- the library's signature
        """Let an id be used again, though its document may have been stopped meanwhile."""
        self.operations.pop(id, None)

    async def handle_task_exception(self, error: Exception) -> None:
        """Log a fault of this service; that a reader has gone is none."""
        if not isinstance(error, WebSocketDisconnected) and self.open:
            await super().handle_task_exception(error)

    @property
    def open(self) -> bool:
        """Whether the socket still takes messages."""
        connection = self.context.connection
        return isinstance(connection, WebSocket) and connection.application_state is WebSocketState.CONNECTED

    async def handle_connection_init(self, message: Any) -> None:
        """Let in who has a key."""
        try:
            await super().handle_connection_init(message)
        except StoreUnavailable:
            await self.websocket.close(TRY_AGAIN_LATER, "The database does not answer.")

    async def handle_subscribe(self, message: Any) -> None:
        """Carry a document out, unless too many are under way."""
        if self.connection_acknowledged and len(self.operations) >= OPERATIONS_MAX:
            error = refused(f"{OPERATIONS_MAX} documents are under way on this socket.", "TOO_MANY_REQUESTS")
            describe(error, self.context.request_id, Places(None))
            await self.send_message({"id": message["id"], "type": "error", "payload": [error.formatted]})
        else:
            payload = message["payload"]
            payload["query"] = payload["query"] or NOTHING
            payload["operationName"] = payload.get("operationName") or None
            await super().handle_subscribe(message)

    async def handle_message(self, message: Any) -> None:
        """Do what a message says. One of another form ends the socket."""
        if isinstance(message, dict) and message.get("payload", message) is None:
            del message["payload"]
        try:
            msgspec.convert(message, Init | Subscribe | Complete | Ping | Pong)
        except msgspec.ValidationError as error:
            await self.handle_invalid_message(f"Against the protocol: {error}"[:REASON_LENGTH_MAX])
        else:
            await super().handle_message(message)


class Socket(GraphQL[Session, None]):
    """The face of the schema for sockets.

    The key comes in the header Authorization, or from a browser, which can send none, as the member Authorization
    of connection_init. Commands have no Idempotency-Key here.
    """

    graphql_transport_ws_handler_class = Protocol

    def __init__(self, schema: FolioSchema, front: FrontDesk, following: Following[list[View]]) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS_MAX),
            max_subscriptions_per_connection=None,
            allowed_origins=("*",),  # a page has no key but the one that its user gave it
        )
        self._front = front
        self._following = following

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Session:
        """The session of this socket."""
        request.state.request_id = str(ULID())
        return Session(self._front, self._following, request, request.headers.get("authorization", ""))

    async def on_ws_connect(self, context: Session) -> Any:
        """Let in who has a key."""
        for name, given in context.connection_params.items():
            if name.lower() == "authorization" and isinstance(given, str):
                context.credentials = given
        try:
            caller = await context.caller()
        except Problem as error:
            log.info("a socket was refused", request_id=context.request_id, reason=str(error))
            raise ConnectionRejectionError from None
        log.info("a socket was opened", request_id=context.request_id, caller=caller.name)
        return UNSET  # nothing is said besides

    def decode_json(self, data: str | bytes) -> object:
        """A message. Raises JSONDecodeError."""
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise json.JSONDecodeError(str(error), "", 0) from None

    def encode_json(self, data: object) -> str:
        """A message as text."""
        return msgspec.json.encode(data).decode()
