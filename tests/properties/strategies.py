"""How commands are generated: small amounts, few folios, so that balances, totals and splits often meet."""

from hypothesis import strategies as st

from tests.properties.commands import (
    NOBODY,
    AddBill,
    ChangeBill,
    ChangePayment,
    Command,
    Configure,
    DeleteBill,
    EndPayment,
    Money,
    Pay,
    Settle,
    Transfer,
)

MAX = 10**15
ACCOMMODATIONS = ("HOTEL-1", "HOTEL-2")
FOLIOS = ("FOLIO-1", "FOLIO-2", "FOLIO-3", "FOLIO-4")
PLACES = [
    ("FOLIO-1", "HOTEL-1"),
    ("FOLIO-1", None),
    ("FOLIO-2", "HOTEL-1"),
    ("FOLIO-3", "HOTEL-1"),
    ("FOLIO-4", "HOTEL-2"),
    ("FOLIO-1", "HOTEL-2"),
]
METHODS = ["CARD", "CASH", "TRANSFER", "VIRTUAL_ACCOUNT", "MILEAGE", "card", "9A"]

targets = st.one_of(st.integers(0, 15), st.integers(0, 15), st.integers(0, 15), st.just(NOBODY))
names = st.sampled_from(["Room", "Minibar", "객실"])
reservations = st.sampled_from([None, "RES-1", "RES-2"])
totals = st.one_of(st.integers(0, 8), st.integers(-3, 12), st.sampled_from([-MAX - 1, -MAX, MAX, MAX + 1]))
balances = st.one_of(st.none(), st.none(), st.integers(-4, 10), st.sampled_from([-MAX, MAX, MAX + 1]))
amounts = st.one_of(st.integers(1, 8), st.integers(1, 8), st.integers(1, 8), st.sampled_from([-1, 0, MAX, MAX + 1]))
splits = st.one_of(st.none(), st.integers(1, 8), st.integers(1, 8), st.just(MAX + 1))
accounts = st.sampled_from([None, None, None, "110-1", "110-2"])
settlements = st.lists(st.tuples(targets, amounts), max_size=2).map(tuple)


@st.composite
def moneys(draw: st.DrawFn) -> Money:
    """A payment; its method fits its account most of the time."""
    account = draw(accounts)
    method = draw(st.sampled_from(METHODS if account is None else ["VIRTUAL_ACCOUNT"] * 4 + ["CARD"]))
    return Money(method, draw(amounts), account)


@st.composite
def added_bills(draw: st.DrawFn) -> AddBill:
    """A bill, usually to a folio of the accommodation that is named."""
    folio, accommodation = draw(st.sampled_from(PLACES))
    return AddBill(
        folio,
        accommodation,
        draw(names),
        draw(totals),
        draw(balances),
        draw(reservations),
        draw(st.lists(moneys(), max_size=2).map(tuple)),
        draw(settlements),
    )


transferred_bills = st.lists(st.tuples(targets, splits), min_size=1, max_size=3).map(tuple)

configured = st.builds(Configure, st.sampled_from(ACCOMMODATIONS), st.sampled_from([None, "KRW", "USD"]))
changed_bills = st.builds(
    ChangeBill, targets, st.none() | names, st.none() | totals, balances, st.sampled_from([False, False, False, True])
)
deleted_bills = st.builds(DeleteBill, targets)
settled = st.builds(Settle, targets, settlements.filter(bool))
transferred = st.builds(Transfer, transferred_bills, st.sampled_from(FOLIOS), reservations)
paid = st.builds(Pay, targets, moneys(), st.sampled_from([None, False, True]))
changed_payments = st.builds(
    ChangePayment, targets, st.none() | st.sampled_from(METHODS), st.none() | amounts, accounts | st.just("")
)
ended_payments = st.builds(EndPayment, targets, st.booleans())

commands: st.SearchStrategy[Command] = st.one_of(
    configured,
    deleted_bills,
    ended_payments,
    paid,
    paid,
    changed_payments,
    changed_bills,
    settled,
    settled,
    transferred,
    transferred,
    added_bills(),
    added_bills(),
    added_bills(),
)
