"""The session of one request, or of one socket: who asks, how fresh the answers must be, under which key."""

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import strawberry
from graphql import FieldNode, OperationDefinitionNode
from starlette.requests import HTTPConnection

from projections.reading import Freshness
from services.access import QUERY_ROLES, Caller, Role
from services.billing.views import View
from services.desk.desk import Key
from services.desk.following import Following
from services.desk.front_desk import FrontDesk
from services.desk.lookups import Found
from services.desk.opening import opened
from services.desk.outcomes import Outcome
from services.desk.problems import Problem
from services.desk.requests import admit, request_id
from services.graphql.loading import Loaders

KEY_CODES = {"IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_IN_USE"}


@dataclass(frozen=True)
class DocumentKey:
    """The Idempotency-Key of a document, and the digest of what was sent under it."""

    key: str
    fingerprint: bytes

    def of(self, caller: Caller) -> Key:
        """The key that the document is kept under."""
        return Key(caller.id, self.key, self.fingerprint)


def document_key(key: str | None, query: str, variables: Any, operation_name: str | None) -> DocumentKey | None:
    """The key for a document; the same document is the same text with the same variables."""
    if key is None:
        return None
    asked = msgspec.json.encode([query, variables or {}, operation_name], order="sorted")
    return DocumentKey(key, hashlib.sha256(asked).digest())


def is_alone(operation: OperationDefinitionNode) -> bool:
    """Whether an operation selects one field, and not by a fragment that may hold more."""
    selections = operation.selection_set.selections
    return len(selections) == 1 and isinstance(selections[0], FieldNode)


@dataclass
class Session:
    """What resolvers know besides their arguments."""

    front: FrontDesk
    following: Following[list[View]]
    connection: HTTPConnection
    credentials: str = field(repr=False)
    freshness: Freshness = Freshness()
    key: DocumentKey | None = None
    connection_params: dict[str, Any] = field(default_factory=dict, repr=False)
    """What came with connection_init; Strawberry sets it by this name."""
    position: int | None = None
    """The position of the last command's events, or the earliest that an answer is from."""
    replayed: bool = False
    """Whether the last mutation was answered before, and so all before it."""
    refused: Problem | None = None
    _mutations: int = 0
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.loaders = Loaders(self)

    @property
    def request_id(self) -> str:
        """The id under which the request is logged and its events are recorded."""
        return request_id(self.connection)

    async def caller(self, roles: frozenset[Role] = QUERY_ROLES) -> Caller:
        """Who asks, at this moment: a socket outlives keys. Raises Problem as `admit`."""
        return await admit(self.credentials, self.front.authenticator, roles)

    async def answered(self, found: Found[Any]) -> Any:
        """What a query found, its personal data opened. Raises StoreUnavailable."""
        if not self._mutations:
            self.position = found.position if self.position is None else min(found.position, self.position)
        return await self.shown(found.view)

    async def folio_now(self, folio_id: str) -> View | None:
        """A folio as it is, None when the caller sees no such folio. Raises NotCaughtUp, StoreUnavailable."""
        try:
            found = await self.front.lookups.folio(folio_id, await self.caller(), self.freshness)
        except Problem as problem:
            if problem.code != "DATA_NOT_FOUND_ON_ID":
                raise
            return None
        view: View = await self.answered(found)
        return view

    async def shown(self, views: Any) -> Any:
        """Views with their personal data opened. Raises StoreUnavailable."""
        return await opened(views, self.front.opener)

    async def key_of_mutation(self, operation: OperationDefinitionNode, caller: Caller) -> Key | None:
        """The key of the mutation that comes next in its document.

        Mutations run one after the other, so each has the same number when the document is sent again. One that
        is alone has the document's key. For several, the document is noted before the first, so that another one
        under its key does nothing at all. Raises Problem for a key of another document; then for all of them.
        """
        if self.refused is not None:
            raise self.refused
        number = self._mutations
        self._mutations += 1
        if self.key is None:
            return None
        whole = self.key.of(caller)
        if is_alone(operation):
            return whole
        if number == 0:
            try:
                await self.front.desk.note(whole)
            except Problem as problem:
                self.refused = problem
                raise
        return whole.of_part("mutation", number)

    def carried_out(self, outcome: Outcome) -> None:
        """Note the outcome of a mutation, for the headers of the answer."""
        if outcome.position is not None:
            self.position = max(outcome.position, self.position or 0)
        self.replayed = outcome.replayed


if TYPE_CHECKING:
    Info: TypeAlias = strawberry.Info[Session, None]
else:
    Info = strawberry.Info
