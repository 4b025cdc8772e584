"""Pages of 100 bills: the newest ones, and pages somewhere among all of a hotel's bills."""

import random
from contextlib import ExitStack

from services.desk.pages import cursor_of
from tests.bench.filling import HOTELS, head_of
from tests.bench.given import written_lines
from tests.bench.loader import Load, load
from tests.bench.services import Running
from tests.bench.site import Site

PAGE = 100
CURSORS = 1_000
CONNECTIONS = 1


def list_pages(site: Site, folio: Running, seconds: int) -> dict[str, Load]:
    """Load first pages, then random ones, one after the other. Raises CannotMeasure."""
    first = [f"/v1/accommodations/HOTEL-{number + 1}/bills?limit={PAGE}" for number in range(HOTELS)]
    with site.connect() as connection:
        head = head_of(connection)
    among = random.Random(1)
    somewhere = [f"{among.choice(first)}&cursor={cursor_of(among.randint(1, head))}" for _ in range(CURSORS)]
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(written_lines(paths))
            for name, paths in (("first page", first), ("random page", somewhere))
        }
        return {name: load(folio, "get_any.lua", CONNECTIONS, seconds, PATHS=file) for name, file in files.items()}
