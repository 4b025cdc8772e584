"""What the provider's answers to a send mean, before anything is written down."""

import re
from dataclasses import replace

from services.collection.guest import PHONE, Guest
from services.collection.payment_request import PaymentRequest
from services.collection.provider import Refused, Unknown, Why

NOT_KEPT = "(what it said is not kept: the guest was forgotten)"
MASK = "***"


def said(answer: Refused | Unknown) -> str:
    """An answer that is no success, in a line for operators."""
    return answer.reason if isinstance(answer, Unknown) else f"{answer.code}: {answer.message}"


def discreet(answer: Refused | Unknown, guest: Guest | None) -> Refused | Unknown:
    """The answer without the guest in it, should the provider quote whom it was about.

    A guest who was forgotten cannot be found in it any more, so nothing of its message is kept.
    """
    if guest is None:
        return answer if isinstance(answer, Unknown) else replace(answer, message=NOT_KEPT)
    texts = [guest.name, guest.message] if guest.message else [guest.name]
    quoted = re.compile("|".join([*map(_quoted, texts), _written(guest.contact)]), re.IGNORECASE)
    if isinstance(answer, Unknown):
        return Unknown(quoted.sub(MASK, answer.reason))
    return replace(answer, code=quoted.sub(MASK, answer.code), message=quoted.sub(MASK, answer.message))


def _quoted(text: str) -> str:
    """A pattern for a text; a single letter, which is in every sentence, where it stands alone."""
    return re.escape(text) if len(text) > 1 else rf"(?<!\w){re.escape(text)}(?!\w)"


def _written(contact: str) -> str:
    """A pattern for a contact as it may be written: a phone with hyphens, or in its international form."""
    if not PHONE.fullmatch(contact):
        return re.escape(contact)
    return r"(?:\+?82[-. ]?)?0?" + r"[-. ]?".join(contact[1:])


def for_good(request: PaymentRequest, refused: Refused, read: Refused) -> bool:
    """Whether a refused send ends the request, given that `read` was refused as well.

    Yes when the provider knows no such bill. When it answers nothing at all, as to a wrong key, yes for a request
    of which no earlier send is in doubt.
    """
    if refused.why is Why.TRY_LATER or read.why is Why.NOT_FOUND:
        return refused.why is not Why.TRY_LATER
    return read.why is Why.OTHER and refused.why is not Why.ALREADY_USED and request.status == "REQUESTED"
