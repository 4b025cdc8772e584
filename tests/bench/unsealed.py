"""`python -m tests.bench.unsealed --port N`: the service without sealing, to measure what sealing costs."""

import argparse

from services.bootstrap import make_service
from services.provision import collecting_by
from services.serving import listen, serve
from services.settings import Settings
from services.telemetry import configure_logging
from services.terminal import run, until_interrupted


def main() -> None:
    """Serve the database that the environment names, as `folio serve` does, until interrupted."""
    parser = argparse.ArgumentParser("tests.bench.unsealed", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_args().port
    settings = Settings()
    assert settings.database_url is not None
    assert settings.admin_key is not None
    conninfo, admin_key = settings.database_url.get_secret_value(), settings.admin_key.get_secret_value()
    configure_logging(settings.log_level, settings.log_format)

    async def served() -> None:
        await serve(make_service(conninfo, admin_key, collecting_by(settings)), listening)

    with until_interrupted(), listen("127.0.0.1", port) as listening:
        run(served())


if __name__ == "__main__":
    main()
