"""What the provider's answers to a send mean, before anything is written down."""

import re
from dataclasses import replace

from services.collection.payment_request import PaymentRequest
from services.collection.provider import Ask, Done, Refused, Sent, Unknown, Why


def said(answer: Refused | Unknown) -> str:
    """An answer that is no success, in a line for operators."""
    return answer.reason if isinstance(answer, Unknown) else f"{answer.code}: {answer.message}"


def discreet(answer: Done[Sent] | Refused | Unknown, ask: Ask) -> Done[Sent] | Refused | Unknown:
    """The answer without the guest in it, should the provider quote whom it was about."""
    if isinstance(answer, Done):
        return answer
    guest = re.compile("|".join(map(re.escape, (ask.customer_name, ask.contact))))
    if isinstance(answer, Unknown):
        return Unknown(guest.sub("***", answer.reason))
    return replace(answer, message=guest.sub("***", answer.message))


def for_good(request: PaymentRequest, refused: Refused, read: Refused) -> bool:
    """Whether a refused send ends the request, given that `read` was refused as well.

    Yes when the provider knows no such bill. When it answers nothing at all, as to a wrong key, yes for a request
    of which no earlier send is in doubt.
    """
    if refused.why is Why.TRY_LATER or read.why is Why.NOT_FOUND:
        return refused.why is not Why.TRY_LATER
    return read.why is Why.OTHER and refused.why is not Why.ALREADY_USED and request.status == "REQUESTED"
