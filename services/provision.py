"""What the settings give a service: the provider that guests are asked through, the key that the log is sealed with."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from services.collection.provider import Provider
from services.evidence.keys import make_private_key, read_private_key
from services.payssam.callback import PATH as CALLBACK_PATH
from services.payssam.client import PayssamClient
from services.settings import Settings
from services.store.anchoring import AnchorFile
from services.store.sealer import Sealer

SIGNING_KEY = "signing-key.pem"
CHECKPOINTS = "checkpoints"
PLACE_LENGTH = 12

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Collecting:
    """How guests are asked for money: the provider, its key for callbacks, from where these may come."""

    provider: Provider
    api_key: SecretStr
    callback_sources: frozenset[str] = frozenset()
    automatic_card_payment: bool = False


def collecting_by(settings: Settings) -> Collecting | None:
    """How the settings say that guests are asked for money, None when they name no provider."""
    if settings.payssam_base_url is None or settings.payssam_api_key is None:
        return None
    if settings.public_url is None:
        log.warning("FOLIO_PUBLIC_URL is not set: the provider cannot report payments, they are found by asking")
    callback_url = None if settings.public_url is None else settings.public_url + CALLBACK_PATH
    key = settings.payssam_api_key
    client = PayssamClient(
        settings.payssam_base_url, key.get_secret_value(), settings.payssam_api_version, callback_url
    )
    sources = frozenset(part.strip() for part in settings.payssam_callback_sources.split(",") if part.strip())
    return Collecting(client, key, sources, settings.payssam_automatic_card_payment)


@dataclass(frozen=True)
class Seal:
    """What checkpoints are signed with, and the file outside the database that they are added to.

    Without the file, what was signed before this process began is only known from the database.
    """

    key: Ed25519PrivateKey
    checkpoint_file: Path | None = None

    def sealer(self, conninfo: str) -> Sealer:
        """A sealer for a database."""
        anchors = None if self.checkpoint_file is None else AnchorFile(self.checkpoint_file)
        return Sealer(conninfo, self.key, anchors)


def seal_by(settings: Settings, data: Path) -> Seal:
    """How the settings say that the log is sealed; the key is made at the first start. Raises BadKey."""
    path = settings.signing_key_file or data / SIGNING_KEY
    if settings.signing_key_file is None and not path.exists():
        log.warning("%s is made, to sign checkpoints with: keep it like a password, and a copy of it elsewhere", path)
        make_private_key(path)
    return Seal(read_private_key(path), checkpoint_file(settings, data))


def checkpoint_file(settings: Settings, data: Path) -> Path:
    """Where checkpoints are kept: unless it is set, in the data folder, by another name for each database elsewhere."""
    if settings.checkpoint_file is not None:
        return settings.checkpoint_file
    if settings.database_url is None:
        return data / f"{CHECKPOINTS}.jsonl"
    address = conninfo_to_dict(settings.database_url.get_secret_value())
    place = "\n".join(str(address.get(part, "")) for part in ("host", "hostaddr", "port", "dbname"))
    return data / f"{CHECKPOINTS}-{hashlib.sha256(place.encode()).hexdigest()[:PLACE_LENGTH]}.jsonl"
