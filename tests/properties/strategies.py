"""How commands are generated: small amounts, few folios, so that balances, totals and splits often meet."""

from hypothesis import strategies as st

from tests.properties.commands import (
    NOBODY,
    WHOLE,
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
    *[("FOLIO-1", "HOTEL-1"), ("FOLIO-1", "HOTEL-1"), ("FOLIO-1", None), ("FOLIO-2", "HOTEL-1")] * 6,
    ("FOLIO-4", "HOTEL-2"),
    ("FOLIO-3", "HOTEL-1"),
    ("FOLIO-1", "HOTEL-2"),
]
METHODS = [*["CARD", "CASH", "TRANSFER", "VIRTUAL_ACCOUNT", "MILEAGE"] * 4, "card", "9A"]
SMALL = list(range(1, 9))

targets = st.sampled_from([*range(60), NOBODY])
names = st.sampled_from(["Room", "Minibar", "객실"])
reservations = st.sampled_from([None, "RES-1", "RES-2"])
totals = st.sampled_from([*SMALL * 5, 0, 0, 0, 0, -3, -1, -MAX - 1, -MAX, MAX, MAX + 1])
balances = st.sampled_from([*[None] * 20, *SMALL, *SMALL, -4, -2, -1, 0, -MAX, MAX, MAX + 1])
amounts = st.sampled_from([*SMALL * 6, -1, 0, MAX, MAX + 1])
splits = st.sampled_from([*[None] * 10, *[WHOLE] * 5, *[1, 2, 3] * 4, *SMALL, MAX + 1])
accounts = st.sampled_from([None, None, None, "110-1", "110-2"])
parts = st.sampled_from([*[1, 1, 2, 3] * 8, *SMALL, 0, MAX + 1])
settlement = st.tuples(targets, parts)
settlements = st.one_of(st.just(()), st.just(()), st.just(()), st.tuples(settlement), st.tuples(settlement, settlement))


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


@st.composite
def first_bills(draw: st.DrawFn) -> list[Command]:
    """A few bills that nothing is wrong with, so that there is something to aim at."""
    totals = st.sampled_from(SMALL)
    payments = st.sampled_from([(), (), (), (Money("CARD", 3),)])
    places = draw(st.lists(st.sampled_from([*PLACES[:1] * 4, PLACES[3]]), min_size=3, max_size=6))
    return [
        AddBill(folio, accommodation, "Room", draw(totals), None, None, draw(payments), ())
        for folio, accommodation in places
    ]


transferred_bills = st.lists(st.tuples(targets, splits), min_size=1, max_size=2).map(tuple)

configured = st.builds(Configure, st.sampled_from(ACCOMMODATIONS), st.sampled_from([None, "KRW", "USD"]))
changed_bills = st.builds(ChangeBill, targets, st.none() | names, st.none() | totals, balances, st.booleans())
deleted_bills = st.builds(DeleteBill, targets)
settled = st.builds(Settle, targets, st.tuples(settlement) | st.tuples(settlement, settlement))
transferred = st.builds(Transfer, transferred_bills, st.sampled_from(FOLIOS[:3] * 3 + FOLIOS[3:]), reservations)
paid = st.builds(Pay, targets, moneys(), st.sampled_from([None, False, True]))
changed_payments = st.builds(
    ChangePayment, targets, st.none() | st.sampled_from(METHODS), st.none() | amounts, accounts | st.just("")
)
ended_payments = st.builds(EndPayment, targets, st.booleans())

commands: st.SearchStrategy[Command] = st.one_of(
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
    deleted_bills,
    configured,
)
