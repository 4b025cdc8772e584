"""The store of a dry run: what is committed to it is there for what comes after, and nowhere else."""

from datetime import UTC, datetime

from services.billing.ports import Loaded, Wanted
from services.billing.work import Work
from services.bootstrap import Service
from services.store.data_keys import DataKeys
from services.store.dry_run import DryRunStore

NAMED = Wanted(aliases=frozenset({"PAYMENT"}))


async def test_a_name_that_was_committed_to_it_is_known_to_it_alone(service: Service) -> None:
    store, other = [DryRunStore(service.store, DataKeys(service.pool), 0) for _ in range(2)]
    work = Work(Loaded(), datetime.now(UTC))
    work.name("PAYMENT", "BILL")
    assert await store.commit(work) is None
    assert (await store.load(NAMED)).aliases == {"PAYMENT": "BILL"}
    for each in (other, service.store):
        assert (await each.load(NAMED)).aliases == {"PAYMENT": None}
