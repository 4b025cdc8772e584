"""Personal data in events: number and holder of virtual accounts, sealed under their folio's data key.

Events, read models and kept answers hold the sealed text only. It is opened at the edge, for an answer;
when a folio's key is destroyed, its guest is forgotten everywhere at once.
"""

import json
from dataclasses import dataclass
from typing import Any

from services.billing.payment import VirtualAccount
from services.billing.ports import DataKey
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


def open_account(account: dict[str, Any], data_key: DataKey | None) -> dict[str, Any]:
    """A virtual account of a view in the clear, number and holder None when its folio's key is gone."""
    plain = None if data_key is None else data_key.open(account["sealed"])
    number, holder = (None, None) if plain is None else json.loads(plain)
    return {"bankCode": account["bankCode"], "accountNumber": number, "accountHolder": holder}
