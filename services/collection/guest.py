"""The guest who is asked: name, contact and message, sealed in events, masked wherever they are shown."""

import json
import re
from dataclasses import dataclass
from typing import Any

from services.billing.ports import DataKey
from services.billing.work import Work

PHONE = re.compile(r"01[0-9]{8,9}|0[2-9][0-9]{7,9}")
"""Digits of a Korean phone number, mobile or other."""


@dataclass(frozen=True)
class Guest:
    """Whom to ask. `contact` is the phone's digits or the PMS's own customer key."""

    name: str
    contact: str
    message: str | None = None


def seal_guest(work: Work, folio_id: str, guest: Guest) -> str:
    """The guest, encrypted under the folio's data key. Raises NotLoaded, InvalidState for a forgotten guest."""
    return work.seal(folio_id, json.dumps(vars(guest), ensure_ascii=False).encode())


def open_guest(sealed: str, data_key: DataKey | None) -> Guest | None:
    """The guest again, None when the folio's key is gone."""
    plain = None if data_key is None else data_key.open(sealed)
    return None if plain is None else Guest(**json.loads(plain))


def masked_view(sealed: str, data_key: DataKey | None) -> dict[str, Any]:
    """What an answer may show of the guest; all None once the guest was forgotten."""
    guest = open_guest(sealed, data_key)
    if guest is None:
        return {"customerName": None, "maskedPhone": None}
    return {"customerName": mask_name(guest.name), "maskedPhone": mask_phone(guest.contact)}


def mask_name(name: str) -> str:
    """`홍길동` as `홍*동`, `Kim` as `K*m`, two letters as one and a star, one letter as a star."""
    if len(name) <= 2:  # noqa: PLR2004
        return name[:-1] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_phone(contact: str) -> str | None:
    """`01012345678` as `010****5678`; None for a customer key, which is no phone."""
    return contact[:3] + "*" * (len(contact) - 7) + contact[-4:] if PHONE.fullmatch(contact) else None
