"""The command line: `folio`."""

from pathlib import Path
from typing import Annotated

import typer

from services.bootstrap import prepare_database
from services.cli_audit import audit, verify_command
from services.cli_export import export_command
from services.cli_keys import keys
from services.cli_payssam import payssam, sandbox_command
from services.cli_privacy import privacy
from services.cli_projections import projections
from services.cli_replay import replay_command
from services.cli_report import report_command
from services.cli_shadow import shadow_command
from services.provision import seal_by
from services.serving import bind, database, listen, serve_as_set
from services.telemetry import configure_logging
from services.terminal import (
    DEFAULT_DATA,
    Data,
    Host,
    Port,
    console,
    fail,
    interruptible,
    prepared_database,
    read_settings,
    run,
    tell,
    until_interrupted,
)
from services.workers import Worker, serve_in_workers

WORKERS_MAX = 12
"""Each may take up to 40 of the own PostgreSQL's 600 connections."""
Workers = Annotated[int, typer.Option(min=1, max=WORKERS_MAX, help="Server processes on the port.")]

app = typer.Typer(
    help="Folio Ledger: bills on guest folios, every change an event.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(audit, name="audit")
app.add_typer(keys, name="keys")
app.add_typer(payssam, name="payssam")
app.add_typer(privacy, name="privacy")
app.add_typer(projections, name="projections")


@app.command("serve")
def serve_command(port: Port = 8080, data: Data = DEFAULT_DATA, host: Host = "127.0.0.1", workers: Workers = 1) -> None:
    """Run the service in the foreground: API, projections and payment requests, until Ctrl-C."""
    settings = read_settings()
    configure_logging(settings.log_level, settings.log_format)
    with until_interrupted(), listen(host, port) as listening, database(settings, data) as conninfo:
        address, seal = listening.getsockname(), seal_by(settings, data)
        tell(f"Folio Ledger serves http://{address[0]}:{address[1]} (described at /docs). Ctrl-C ends it.")
        if workers == 1:
            run(serve_as_set(conninfo, listening, settings, seal))
            return
        listening.close()
        with bind(address[0], address[1], shared=True):
            serve_in_workers(Worker(address[0], address[1], conninfo, data), workers)


@app.command("demo")
def demo_command(port: Port = 8080, data: Data = DEFAULT_DATA) -> None:
    """Run the service on an own PostgreSQL with sample hotels, loaded at the first start."""
    from services.demo.run import DemoFailed, run_demo

    configure_logging("WARNING", "console")
    # Samples never go to a database that somebody has named for real work: the log would keep them for good.
    settings = read_settings().model_copy(update={"database_url": None})
    with until_interrupted(), listen("127.0.0.1", port) as listening, database(settings, data) as conninfo:
        try:
            run(run_demo(conninfo, listening, data, settings.admin_key))
        except DemoFailed as error:
            fail(str(error))
    tell(f"Stopped. The data stay in {data}.")


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="FILE.csv or FILE.jsonl, as described in services/intake/FORMAT.md.")],
    data: Data = DEFAULT_DATA,
    rejects: Annotated[
        Path | None, typer.Option(help="Where refused lines go; by default FILE.rejects.jsonl beside the file.")
    ] = None,
) -> None:
    """Import bills with their payments from a PMS export. A second run adds nothing twice."""
    from services.bootstrap import make_service
    from services.intake.run import ImportFailed, Summary, check_files, import_file

    refused = rejects or file.parent / f"{file.stem}.rejects.jsonl"

    async def import_into(conninfo: str) -> Summary:
        async with make_service(conninfo) as service:
            return await import_file(service, file, refused, console)

    configure_logging("ERROR", "console")  # an outage is told once, when the import gives up
    try:
        with interruptible():
            check_files(file, refused)
            with prepared_database(data) as conninfo:
                summary = run(import_into(conninfo))
    except ImportFailed as error:
        fail(str(error))
    tell(summary.text())
    raise typer.Exit(1 if summary.rejected else 0)


@app.command()
def migrate(data: Data = DEFAULT_DATA) -> None:
    """Bring the database up to date. `serve` does this by itself."""
    with prepared_database(data) as conninfo:
        prepare_database(conninfo)
        tell("The database is up to date.")


app.command("export")(export_command)
app.command("replay")(replay_command)
app.command("report")(report_command)
app.command("payssam-sandbox")(sandbox_command)
app.command("verify")(verify_command)
app.command("shadow")(shadow_command)


if __name__ == "__main__":
    app()
