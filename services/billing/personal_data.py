"""Personal data in events: number and holder of virtual accounts, sealed under their folio's data key.

Events, read models and kept answers hold the sealed text only. It is opened at the edge, for an answer;
when a folio's key is destroyed, its guest is forgotten everywhere at once.
"""

import json
from dataclasses import dataclass

from services.billing.payment import VirtualAccount
from services.billing.work import Work


@dataclass(frozen=True)
class VirtualAccountDetails:
    """A virtual account in the clear, as a caller gives it."""

    bank_code: str
    account_number: str
    account_holder: str | None = None


def seal_accounts(work: Work, folio_id: str, accounts: tuple[VirtualAccountDetails, ...]) -> tuple[VirtualAccount, ...]:
    """The accounts with number and holder sealed. Raises NotLoaded for the folio's data key."""
    return tuple(
        VirtualAccount(
            bank_code=account.bank_code,
            sealed=work.seal(
                folio_id,
                json.dumps([account.account_number, account.account_holder], ensure_ascii=False).encode(),
            ),
        )
        for account in accounts
    )


def open_details(plain: bytes | None) -> tuple[str | None, str | None]:
    """Number and holder again, None and None when their folio's key was destroyed (`plain` is None)."""
    if plain is None:
        return None, None
    number, holder = json.loads(plain)
    return number, holder
