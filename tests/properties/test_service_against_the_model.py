"""Any sequence of requests: the service on PostgreSQL answers as the model does, and its rows follow from the log."""

import httpx
import pytest

from projections.payment_requests import PAYMENT_REQUESTS
from projections.request_entries import REQUEST_ENTRIES
from services.bootstrap import Service
from tests.properties.commands import Command
from tests.properties.driver import Driver
from tests.properties.graphql_driver import GraphqlDriver
from tests.properties.playing import play_many
from tests.properties.rebuilding import rebuild, rows_of_all_read_models
from tests.properties.rest_driver import RestDriver
from tests.properties.run import Run


@pytest.mark.parametrize(("face", "examples"), [(RestDriver, 50), (GraphqlDriver, 30)])
async def test_any_sequence_of_requests_is_answered_and_shown_as_the_model_has_it_and_can_be_rebuilt(
    service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, face: type[Driver], examples: int
) -> None:
    async def play(number: int, sequence: list[Command]) -> None:
        run = Run(face(client, f"R{number}."))
        await run.play(sequence)
        await run.check_queries()

    await play_many(examples, play)
    await service.runner.close()
    live = rows_of_all_read_models(service.conninfo)
    # Nobody is asked for money here: that needs a provider, and is rebuilt in tests/payssam/faults.
    of_requests = {PAYMENT_REQUESTS.name, REQUEST_ENTRIES.name}
    assert min(len(rows) for name, rows in live.items() if name not in of_requests) > examples
    for batch_events in (500, 23, 1):
        assert await rebuild(service.conninfo, batch_events, monkeypatch) == live
