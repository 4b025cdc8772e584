"""A page of 100 bills with payments and settlements, asked for by GraphQL and by REST."""

from contextlib import ExitStack
from dataclasses import replace

import msgspec

from tests.bench.failing import CannotMeasure
from tests.bench.given import client_of, taken, written_lines
from tests.bench.listing import PAGE
from tests.bench.loader import Load, load
from tests.bench.results import Effort, Measurement
from tests.bench.rounds import alternate, figures_of
from tests.bench.services import Running
from tests.bench.site import opened_site

CONNECTIONS = 1
PAYMENT = {"paymentMethod": "CARD", "amount": 1_000, "paidAt": "2026-11-22T14:00:00+09:00"}
BILL = {"accommodationId": "HOTEL-1", "name": "Room charge", "totalAmount": 150_000, "payments": [PAYMENT, PAYMENT]}
SETTLEMENT = "paymentBillId targetBillId settledAmount settledAt settledBy"
DOCUMENT = f"""query($first: Int) {{
    getAccommodationBills(accommodationId: "HOTEL-1", first: $first) {{
        nodes {{
            id billCode accommodationId folioId reservationId name totalAmount balanceAmount currency status
            transferOriginFolioId transferOriginBillId originRateSnapshot originInclusionSnapshot
            payments {{
                id billId paymentMethod amount appliedToBalance paidAt paidBy cancelledAt cancelledBy paymentRequestId
                virtualAccounts {{ bankCode accountNumber accountHolder }}
            }}
            settlementsMade {{ {SETTLEMENT} }} settlementsReceived {{ {SETTLEMENT} }}
            createdAt createdBy updatedAt cancelledAt cancelledBy version
        }}
        pageInfo {{ hasNextPage endCursor }}
    }}
}}"""
ADDRESS = f"/v1/accommodations/HOTEL-1/bills?limit={PAGE}"


def measure(effort: Effort) -> Measurement:
    """Every member of 100 bills, either way. Raises CannotMeasure."""
    with opened_site(effort.folder) as site, ExitStack() as stack:
        folio = stack.enter_context(site.folio())
        rest, graphql = replace(folio, name="REST"), replace(folio, name="GraphQL")
        effort.say(f"adding {PAGE} bills")
        add_pairs(folio)
        paths = stack.enter_context(written_lines([ADDRESS]))
        document = msgspec.json.encode({"query": DOCUMENT, "variables": {"first": PAGE}}).decode()

        def loading(service: Running, seconds: int) -> Load:
            if service is rest:
                return load(service, "get_any.lua", CONNECTIONS, seconds, PATHS=paths)
            return load(service, "graphql.lua", CONNECTIONS, seconds, DOCUMENT=document)

        check(folio)
        rounds = alternate(site, [rest, graphql], loading, effort)
    return Measurement(
        "graphql",
        "A page of 100 bills by GraphQL",
        f"{CONNECTIONS} connection, the newest {PAGE} bills, each with two payments, half of them with a settlement;"
        " every member that REST shows is selected",
        figures_of(rounds, rest.name),
        [one.kept for one in rounds],
    )


def check(folio: Running) -> None:
    """See once that both answer the same bills: an error of GraphQL would be a success to the loader."""
    with client_of(folio) as client:
        listed = taken(client.get(ADDRESS)).json()["items"]
        answer = taken(client.post("/graphql", json={"query": DOCUMENT, "variables": {"first": PAGE}})).json()
    if len(listed) != PAGE or answer["data"]["getAccommodationBills"]["nodes"] != listed:
        raise CannotMeasure("GraphQL and REST do not answer the same bills")


def add_pairs(folio: Running) -> None:
    """Add a page of bills, every second of which settles the one before. Raises CannotMeasure."""
    with client_of(folio) as client:
        for number in range(PAGE // 2):
            address = f"/v1/folios/PAIR-{number}/bills"
            target = taken(client.post(address, json=BILL)).json()["id"]
            settlements = [{"targetBillId": target, "settledAmount": 1}]
            taken(client.post(address, json={**BILL, "settlements": settlements}))
