"""The forms of the answers about evidence."""

from pydantic import AwareDatetime, BaseModel

from services.rest.schemas import Schema


class Checkpoint(Schema):
    """A signed root over all chains; hashes and signature in hexadecimal."""

    version: int
    number: int
    position: int
    made_at: AwareDatetime
    root: str
    previous: str
    key_id: str
    signature: str


class CheckpointPage(Schema):
    """A page of checkpoints."""

    items: list[Checkpoint]
    next_cursor: str | None


class SealedEvent(Schema):
    """An event as it is stored, with the hash of its link."""

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: AwareDatetime
    actor: str
    payload: str
    hash: str


class Proof(Schema):
    """All events of a folio, and what proves them; `folio verify` checks it offline."""

    format: str
    version: int
    folio_id: str
    chain_version: int
    events: list[SealedEvent]
    drawer: list[str]
    path: list[str]
    checkpoint: Checkpoint


class SigningKey(Schema):
    """A public key that checkpoints were signed with, as PEM."""

    key_id: str
    public_key: str
    first_used_at: AwareDatetime


class SigningKeys(Schema):
    """All of them, oldest first."""

    items: list[SigningKey]


EVIDENCE_ANSWERS: tuple[type[BaseModel], ...] = (Proof, CheckpointPage, SigningKeys)
