"""Where one measurement is made: an embedded PostgreSQL of its own with fsync on, and what runs on it."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from services.store.embedded import EmbeddedPostgres, discard
from tests.bench.failing import CannotMeasure
from tests.bench.services import FOLIO, Running, free_port, running, uvicorn

ADMIN_KEY = "key-of-the-benchmark"


@dataclass(frozen=True)
class Site:
    """A database, and the services that can be started on it, each in one process."""

    conninfo: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What `folio` needs to run on the database, with its logging as it comes."""
        return {"FOLIO_DATABASE_URL": self.conninfo, "FOLIO_ADMIN_KEY": ADMIN_KEY}

    @property
    def postgres_environment(self) -> dict[str, str]:
        """The database's address as PostgreSQL's own programs take it."""
        parts = conninfo_to_dict(self.conninfo)
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
        return {variable: str(parts[name]) for name, variable in names.items()}

    def folio(self, **settings: str) -> AbstractContextManager[Running]:
        """The service itself."""
        port = free_port()
        command = [*FOLIO, "serve", "--port", str(port), "--data", str(self.folder / "service")]
        return running("folio", command, self.environment | settings, port)

    def unsealed(self) -> AbstractContextManager[Running]:
        """The service without sealing."""
        port = free_port()
        command = [sys.executable, "-m", "tests.bench.unsealed", "--port", str(port)]
        return running("unsealed", command, self.environment, port)

    def crud(self) -> AbstractContextManager[Running]:
        """The same commands on FastAPI and SQLAlchemy, without history."""
        parts = conninfo_to_dict(self.conninfo)
        url = "postgresql+psycopg://{user}:{password}@/{dbname}?host={host}".format(**parts)
        return self._peer("crud", {"DATABASE_URL": url})

    def plain(self) -> AbstractContextManager[Running]:
        """The same commands on the event-sourcing library as it comes."""
        parts = conninfo_to_dict(self.conninfo)
        library = {f"POSTGRES_{name.upper()}": str(parts[name]) for name in ("dbname", "host", "user", "password")}
        return self._peer(
            "plain_es", {**library, "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_POOL_SIZE": "20"}
        )

    def reader(self) -> AbstractContextManager[Running]:
        """The query for one bill on FastAPI and psycopg, from the service's own table."""
        return self._peer("read", {"DATABASE_URL": self.conninfo})

    def echo(self) -> AbstractContextManager[Running]:
        """An endpoint that checks a bill's body and gives it back."""
        return self._peer("echo", {})

    def _peer(self, name: str, environment: dict[str, str]) -> AbstractContextManager[Running]:
        port = free_port()
        return running(name, uvicorn(f"{name}_peer:app", port), environment, port)

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the benchmark's own, which commits each statement."""
        return psycopg.connect(self.conninfo, autocommit=True, application_name="bench")


@contextmanager
def opened_site(folder: Path) -> Iterator[Site]:
    """An empty site, its database in this folder, removed afterwards. Raises EmbeddedPostgresError, CannotMeasure."""
    data = Path(tempfile.mkdtemp(prefix="database-", dir=folder)) / "data"
    try:
        with EmbeddedPostgres(data) as conninfo:
            site = Site(conninfo, data.parent)
            _check_durable(site)
            yield site
    finally:
        discard(data)
        shutil.rmtree(data.parent, ignore_errors=True)


def _check_durable(site: Site) -> None:
    with site.connect() as connection:
        for setting in ("fsync", "synchronous_commit"):
            row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
            if row != ("on",):
                raise CannotMeasure(f"PostgreSQL runs without {setting}: nothing would be comparable")
