"""The books as a journal for plain-text accounting, in double entry, as `hledger` reads it.

One transaction for each event that moved a balance or money, on its business day, with its position in the log as code:

    2026-11-22 (123) payment.recorded | kim  ; recordedAt:2026-11-22T05:00:00Z, concerns:2026-11-22, bill:…, payment:…
        assets:folio:FOLIO-1  -30000 KRW
        assets:takings:CARD  30000 KRW

`assets:folio:…` is what a folio owes; charges, transfers, settlements and stated balances come from `revenue:charges`,
`equity:transfers`, `equity:settlements` and `equity:adjustments`. `assets:takings:…` is the money of the period by
method; of a payment that did not change the balance it stands against `liabilities:unapplied:…` of the folio. What
folios owed, and had unapplied, before the period comes from `equity:opening` on the day before it. Takings have no
opening: what became of earlier money is not known here.

A colon in a folio's id, which would begin a sub-account, is written as a slash, which no id has: so every folio has an
account of its own. What has a meaning for hledger in the name of an actor is percent-encoded. Amounts are decimal
numbers of the currency's main unit. Every account and the currency are declared, for `hledger check --strict`.
"""

import re
import unicodedata
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import date, timedelta
from urllib.parse import quote

from projections.double_entry import METHODS, MOVED, OPENINGS, FolioOpening, Moved
from projections.report_reading import Snapshot
from services.billing.money import decimal
from services.desk.past import shown

ACCOUNTS = ("revenue:charges", "equity:transfers", "equity:settlements", "equity:adjustments", "equity:opening")
BREAKING_CATEGORIES = {"Cc", "Zl", "Zp"}
WITH_A_MEANING = re.compile(r"[%;|]")

Posting = tuple[str, int]
"""An account, and the amount that is added to it, in minor units."""


async def journal(snapshot: Snapshot, accommodation_id: str, first: date, last: date) -> AsyncIterator[str]:
    """The journal of a period, a stretch of text at a time. Raises ReportTooLong, StoreUnavailable."""
    currency = snapshot.currency
    yield (
        f"; {accommodation_id}, business days {first} to {last}, as of position {snapshot.position} of the log\n"
        "; A colon in a folio's id is written as a slash; %, ; and | in an actor's name as %25, %3B and %7C.\n\n"
        f"decimal-mark .\ncommodity {_example(currency)}\n\n"
    )
    yield _declared(ACCOUNTS)
    async for methods in snapshot.batches(METHODS):
        yield _declared(takings_account(method) for (method,) in methods)
    eve = first - timedelta(days=1)
    async for folios in snapshot.batches(OPENINGS):
        yield "".join(
            _opening(FolioOpening(folio, int(owed), int(unapplied)), eve, currency) for folio, owed, unapplied in folios
        )
    async for moved in snapshot.batches(MOVED):
        yield "".join(_transaction(Moved._make(row), currency) for row in moved)


def folio_account(folio_id: str) -> str:
    """The account of what a folio owes."""
    return f"assets:folio:{_one_part(folio_id)}"


def unapplied_account(folio_id: str) -> str:
    """The account of a folio's payments that did not change its balance."""
    return f"liabilities:unapplied:{_one_part(folio_id)}"


def takings_account(method: str) -> str:
    """The account of the money that came in by a method."""
    return f"assets:takings:{method}"


def _one_part(folio_id: str) -> str:
    return folio_id.replace(":", "/")


def _declared(accounts: Iterable[str]) -> str:
    return "".join(f"account {account}\n" for account in accounts)


def _opening(folio: FolioOpening, eve: date, currency: str) -> str:
    owes, unapplied = folio_account(folio.folio_id), unapplied_account(folio.folio_id)
    postings = [
        (owes, folio.owed),
        (unapplied, -folio.unapplied),
        ("equity:opening", folio.unapplied - folio.owed),
    ]
    declared = "\n" + _declared((owes, unapplied))
    if not folio.owed and not folio.unapplied:
        return declared
    return f"{declared}\n{eve} opening\n{_lines(postings, currency)}"


def _transaction(moved: Moved, currency: str) -> str:
    tags = f"recordedAt:{shown(moved.recorded_at)}, concerns:{moved.concerned_date}, bill:{moved.bill_id}"
    if moved.payment_id is not None:
        tags += f", payment:{moved.payment_id}"
    heading = f"{moved.business_date} ({moved.position}) {moved.event} | {_escaped(moved.actor)}  ; {tags}"
    return f"\n{heading}\n{_lines(_postings(moved), currency)}"


def _postings(moved: Moved) -> Iterator[Posting]:
    yield folio_account(moved.folio_id), moved.balance_effect
    yield "revenue:charges", -moved.charged
    yield "equity:transfers", -moved.transferred
    yield "equity:settlements", -moved.settled
    yield "equity:adjustments", -moved.adjusted
    if moved.method_before is not None and moved.method_before != moved.method:
        yield takings_account(moved.method_before), -moved.money_before
    if moved.method is not None:
        of_the_same = moved.money_before if moved.method_before == moved.method else 0
        yield takings_account(moved.method), moved.money - of_the_same
    if not moved.applied:
        yield unapplied_account(moved.folio_id), moved.money_before - moved.money


def _lines(postings: Iterable[Posting], currency: str) -> str:
    return "".join(f"    {account}  {decimal(amount, currency)} {currency}\n" for account, amount in postings if amount)


def _example(currency: str) -> str:
    """An amount that shows the form of all: hledger wants a decimal mark in it, also where nothing follows."""
    number = decimal(0, currency)
    return f"{number if '.' in number else f'{number}.'} {currency}"


def _escaped(text: str) -> str:
    """A text in which nothing ends the line or the description, or parts it in two."""
    if text.isprintable() and not WITH_A_MEANING.search(text):
        return text
    return "".join(
        quote(each) if WITH_A_MEANING.match(each) or unicodedata.category(each) in BREAKING_CATEGORIES else each
        for each in text
    )
