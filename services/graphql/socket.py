"""Documents over a WebSocket, by the protocol graphql-transport-ws."""

import json
from datetime import timedelta

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from ulid import ULID

from services.billing.ports import StoreUnavailable
from services.billing.views import View
from services.desk.following import Following
from services.desk.front_desk import FrontDesk
from services.desk.problems import Problem
from services.graphql.schema import FolioSchema
from services.graphql.session import Session

INIT_SECONDS_MAX = 10
OPERATIONS_MAX = 50
"""How many may be under way at once on one socket."""

log = structlog.get_logger()


class Socket(GraphQL[Session, None]):
    """The face of the schema for sockets.

    The key comes in the header Authorization, or from a browser, which can send none, as the member Authorization
    of connection_init. Commands have no Idempotency-Key here.
    """

    def __init__(self, schema: FolioSchema, front: FrontDesk, following: Following[list[View]]) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS_MAX),
            max_subscriptions_per_connection=OPERATIONS_MAX,
            allowed_origins=("*",),  # a page has no key but the one that its user gave it
        )
        self._front = front
        self._following = following

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Session:
        """The session of this socket."""
        request.state.request_id = str(ULID())
        return Session(self._front, self._following, request, request.headers.get("authorization", ""))

    async def on_ws_connect(self, context: Session) -> dict[str, object] | None:
        """Let in who has a key."""
        given = context.connection_params.get("Authorization")
        if isinstance(given, str):
            context.credentials = given
        try:
            caller = await context.caller()
        except (Problem, StoreUnavailable) as error:
            log.info("a socket was refused", request_id=context.request_id, reason=str(error))
            raise ConnectionRejectionError from None
        log.info("a socket was opened", request_id=context.request_id, caller=caller.name)
        return None

    def decode_json(self, data: str | bytes) -> object:
        """A message. Raises JSONDecodeError."""
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise json.JSONDecodeError(str(error), "", 0) from None

    def encode_json(self, data: object) -> str:
        """A message as text."""
        return msgspec.json.encode(data).decode()
