"""The description of the views in VIEWS.md, made from their definitions."""

from collections.abc import Iterator, Mapping

from projections.reporting.view import View
from projections.reporting.views import VIEWS

INTRODUCTION = """\
# Views for BI tools

The schema `reporting` of the service's database holds views for whoever evaluates what happens in a hotel. They can be
relied on: a column keeps its name, type and meaning; new ones are added at the end. Each view and each column has a
comment in the database, which most tools show. No view tells who a guest is: no names, numbers, accounts or links.

This file is made from `projections/reporting/` by `make views`; a test compares the two.

## Connecting

An administrator of the database makes a login for the tool:

```sql
CREATE ROLE hotel_bi LOGIN PASSWORD '…' IN ROLE folio_reporting;
ALTER ROLE hotel_bi SET search_path = reporting;
ALTER ROLE hotel_bi SET statement_timeout = '5min';
ALTER ROLE hotel_bi SET default_transaction_read_only = on;
```

The role `folio_reporting` may read these views, and nothing else of the ledger. What PostgreSQL lets every login do
besides, such as temporary tables, large objects of its own and advisory locks, the last line keeps from happening by
mistake only: it is a login for a tool, not for people whom you do not trust. The tool connects with that login to the
host, port and database of `FOLIO_DATABASE_URL`. The time limit is for the service: a table that is built anew takes its
place once no query reads the old one, and a new version may wait for that when it starts.

PostgreSQL as it comes with the service listens on no network, only on a Unix socket for the user whom it runs as, and
root. While the service runs (`.folio` is its data folder), they make the login and connect on the same machine:

```sh
export PGHOST=$(cat .folio/postgres-runtime) PGDATABASE=folio
PGPASSWORD=$(cat .folio/postgres-password) psql -U postgres     # the administrator, for the statements above
psql -U hotel_bi                                                # the tool's login
```

A tool elsewhere reaches that socket through `ssh -L 5433:$PGHOST/.s.PGSQL.5432 user@machine`, as host `localhost` and
port 5433. For more than that, run a PostgreSQL of your own and set `FOLIO_DATABASE_URL`.

## What to know

- Amounts are whole numbers in minor units of the `currency` beside them: 150000 in KRW is 150,000 won, 15000 in USD is
  150.00 dollars. Never add up amounts of different currencies.
- `business_date` is the accommodation's business day: it begins at its cut-off hour in its time zone, and what is
  recorded after a day was closed belongs to a later one. A closed day never changes again.
- The views without `_entries` show how things stand now. Those with `_entries` have a row for each event, with what it
  did and how things stood after it; no row is ever changed, so they answer for every day that has passed.
- The views follow the log within a fraction of a second. In such a moment, what a view takes from another table may
  still be null: `currency` where it is the folio's, and the business days of `bills`, `payment_requests`, `folios`.
- While a table is built anew, a view shows the old rows, and from one moment on the new ones.

## Examples
"""

QUERIES: Mapping[str, str] = {
    "What was taken in a month, by business day and way of payment": """\
-- A correction may change the way of payment: it takes the old amount out and the new one in.
SELECT business_date, side.payment_method, currency, sum(side.net) AS taken
  FROM reporting.payment_entries AS entry
 CROSS JOIN LATERAL (VALUES (entry.payment_method, amount_before + amount_effect), (method_before, -amount_before))
       AS side (payment_method, net)
 WHERE accommodation_id = 'HOTEL-1' AND business_date BETWEEN '2026-11-01' AND '2026-11-30' AND side.net <> 0
 GROUP BY business_date, side.payment_method, currency
 ORDER BY business_date, side.payment_method;""",
    "What each folio owed at the end of a business day": """\
SELECT folio_id, currency, sum(balance_effect) AS owed
  FROM reporting.bill_entries
 WHERE accommodation_id = 'HOTEL-1' AND business_date <= '2026-11-22'
 GROUP BY folio_id, currency
HAVING sum(balance_effect) <> 0
 ORDER BY owed DESC;""",
    "How many payment requests of each week were paid, and how fast": """\
SELECT date_trunc('week', business_date) AS week, count(*) AS requests,
       count(*) FILTER (WHERE status = 'PAID') AS paid,
       avg(greatest(paid_at - sent_at, '0')) FILTER (WHERE status = 'PAID') AS time_to_pay
  FROM reporting.payment_requests
 WHERE accommodation_id = 'HOTEL-1' AND sent_at IS NOT NULL
 GROUP BY week
 ORDER BY week;""",
}


def documentation() -> str:
    """The whole file."""
    return (
        "\n".join((INTRODUCTION, *_examples(), "## The views\n", *_contents(), *map(_described, VIEWS))).rstrip() + "\n"
    )


def _examples() -> Iterator[str]:
    for title, query in QUERIES.items():
        yield f"{title}:\n\n```sql\n{query}\n```\n"


def _contents() -> Iterator[str]:
    for view in VIEWS:
        yield f"- [`{view.full_name}`](#reporting{view.name}): {view.meaning}"
    yield ""


def _described(view: View) -> str:
    rows = (
        f"| `{column.name}` | {column.kind.type} | {column.kind.unit or ''} | {column.meaning} |"
        for column in view.columns
    )
    heading = f"### `{view.full_name}`\n\n{view.meaning}\n\n| column | type | unit | meaning |\n|---|---|---|---|"
    return "\n".join((heading, *rows, ""))
