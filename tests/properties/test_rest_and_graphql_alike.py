"""Any sequence of commands through REST and through GraphQL: the same answers, the same state, the same events."""

import httpx

from services.bootstrap import Service
from tests.properties.commands import Command
from tests.properties.driver import Driver
from tests.properties.graphql_driver import GraphqlDriver
from tests.properties.playing import play_many
from tests.properties.recorded import Appearances, recorded
from tests.properties.rest_driver import RestDriver
from tests.properties.run import Run

EXAMPLES = 25


class House:
    """A house of its own, run through one of the faces; all that is seen of it has names by order of appearance."""

    def __init__(self, driver: Driver) -> None:
        self.name = driver.house
        self._run = Run(driver)
        self._appearances = Appearances(driver.house)

    async def step(self, command: Command) -> object:
        """The answer to one command."""
        return self._appearances.named(vars(await self._run.step(command)))

    async def everything(self) -> object:
        """What every query shows."""
        return self._appearances.named(await self._run.everything())

    async def events(self, service: Service, after: int) -> object:
        """What was recorded after a position of the log."""
        return self._appearances.named(await recorded(service, self.name, after))


async def test_any_sequence_is_answered_shown_and_recorded_alike_through_rest_and_graphql(
    service: Service, client: httpx.AsyncClient
) -> None:
    client.headers["X-Folio-Actor"] = "night desk"

    async def play(number: int, sequence: list[Command]) -> None:
        before = await service.store.position()
        rest = House(RestDriver(client, f"R{number}.", reason="확인"))
        graphql = House(GraphqlDriver(client, f"G{number}.", reason="확인"))
        for command in sequence:
            assert await graphql.step(command) == await rest.step(command), command
        assert await graphql.everything() == await rest.everything()
        assert await graphql.events(service, before) == await rest.events(service, before)

    await play_many(EXAMPLES, play)
