"""`folio verify` and `folio audit`: a folio's proof checked offline, and the whole log checked in its database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.audit.beside import Beside
from services.audit.edition import is_of_this_version
from services.audit.report import UNCHECKED, Report
from services.audit.whole import LogCheck, position_before
from services.bootstrap import CODEC, READ_MODELS
from services.cli_progress import BuildingProgress
from services.evidence.__main__ import check
from services.evidence.chain import Tampered
from services.evidence.keys import public_text, read_private_key, read_public_keys
from services.provision import SIGNING_KEY, checkpoint_file, seal_by
from services.serving import database
from services.settings import Settings
from services.store.embedded_account import existing_place
from services.terminal import (
    DEFAULT_DATA,
    Data,
    clear_messages,
    end_on_sigterm,
    fail,
    prepared_database,
    read_settings,
    tell,
)

POSITION_MAX = 2**63 - 1
TRUSTED = "A public key that you trust, as PEM; may be given several times."

audit = typer.Typer(
    help="Evidence that the log is as it was recorded: the public key, sealing, checking.", no_args_is_help=True
)

Keys = Annotated[
    list[Path],
    typer.Option("--key", metavar="FILE", help=TRUSTED),
]


def verify_command(
    package: Annotated[Path, typer.Argument(metavar="PACKAGE", help="A proof, as GET /v1/folios/ID/proof gives it.")],
    key: Keys,
) -> None:
    """Check a folio's proof offline, without the service: every event's link, the way to the root, the signature.

    Ends with status 0 when all holds, 1 when something is wrong, 2 when something could not be checked.
    """
    status, told = check(package, key)
    typer.echo(told)
    raise typer.Exit(status)


@audit.command("key")
def key_command(data: Data = DEFAULT_DATA) -> None:
    """Print the public key that this service's checkpoints are signed with, to be given to auditors."""
    with clear_messages():
        own = _own_key(read_settings(), data)
    if own is None:
        fail(f"{data} holds no key yet. 'folio serve' makes one at its first start; or name another folder by --data.")
    typer.echo(public_text(own), nl=False)


@audit.command("seal")
def seal_command(data: Data = DEFAULT_DATA) -> None:
    """Link every event that is not linked yet and sign a checkpoint, as a running service does by itself."""
    settings = read_settings()
    _check_folder(settings, data)
    with prepared_database(data) as conninfo:
        sealer = seal_by(settings, data).sealer(conninfo)
        try:
            checkpoint = sealer.checkpoint()
        except Tampered as error:
            fail(f"{error} Nothing more is sealed; see 'folio audit verify'.")
        finally:
            sealer.close()
    if checkpoint is None:
        tell("Everything was sealed already.")
    else:
        tell(f"Checkpoint {checkpoint.number} covers the log up to position {checkpoint.position:,}.")


@audit.command("verify")
def audit_verify_command(
    since: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="Read only the events after this position or time; the rest is whole."),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option(
            "--key",
            metavar="FILE",
            help=f"{TRUSTED} By default this service's own.",
        ),
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A copy of the file of checkpoints, kept elsewhere. By default this service's own, if it is there.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Check the whole log: order, versions, chains, signatures, names, read models, protections. It changes nothing.

    Ends with status 0 when all is as it was recorded, 1 when something is not, 2 when something could not be checked.
    The service may go on.
    """
    end_on_sigterm()
    report = Report()
    with _unchecked_when_it_fails(), clear_messages():
        settings = read_settings()
        keys = [each for path in key for each in read_public_keys(path)] if key else _own_keys(settings, data)
        _check_folder(settings, data)
        with database(settings, data, shared=True) as conninfo:
            if not is_of_this_version(conninfo):
                fail("The database is not of this version of the service. Let 'folio migrate' bring it up to date.")
            log = LogCheck(keys, _position(conninfo, since), checkpoints or _own_checkpoints(settings, data))
            try:
                _look(conninfo, log, report)
            except KeyboardInterrupt:
                report.interrupted = True
    document = report.document(log.extent)
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2) if as_json else report.text(log.extent))
    raise typer.Exit(report.status)


@contextmanager
def _unchecked_when_it_fails() -> Iterator[None]:
    """What could not even begin, or was cut off, has not been checked, and nothing was found."""
    try:
        yield
    except typer.Exit as failed:
        raise typer.Exit(UNCHECKED) from failed


def _check_folder(settings: Settings, data: Path) -> None:
    """A folder with nothing in it is somebody's slip; to make a database there would answer another question."""
    if settings.database_url is None and not (existing_place(data.resolve()) / "postgres").exists():
        fail(
            f"There are no records in {data}."
            " Name the service's folder by --data, or its database by FOLIO_DATABASE_URL."
        )


def _own_key(settings: Settings, data: Path) -> Ed25519PublicKey | None:
    path = settings.signing_key_file or data / SIGNING_KEY
    if settings.signing_key_file is None and not path.exists():
        return None
    return read_private_key(path).public_key()


def _own_keys(settings: Settings, data: Path) -> list[Ed25519PublicKey]:
    """The service's own key, where it is; checkpoints of other keys are told as not checked."""
    own = _own_key(settings, data)
    return [] if own is None else [own]


def _own_checkpoints(settings: Settings, data: Path) -> Path | None:
    path = checkpoint_file(settings, data)
    return path if path.exists() else None


def _position(conninfo: str, since: str | None) -> int:
    if since is None:
        return 0
    if since.isascii() and since.isdigit() and int(since) <= POSITION_MAX:
        return int(since)
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise typer.BadParameter(f"{since!r} is no position and no time with an offset, as 2026-11-22T14:00:00+09:00.")
    if moment > datetime.now(UTC):
        raise typer.BadParameter(f"{since} is still to come; nothing would be read.")
    return position_before(conninfo, moment)


def _look(conninfo: str, log: LogCheck, report: Report) -> None:
    with (
        BuildingProgress("Checking", "checked", stderr=True) as progress,
        Beside(conninfo, READ_MODELS, CODEC) as beside,
    ):

        def reached(position: int, until: int) -> None:
            progress.reached(position, until)
            for finding in beside.arrived(progress):
                report.add(finding)

        for finding in log.findings(conninfo, progress.says, reached):
            report.add(finding)
        for finding in beside.rest(progress):
            report.add(finding)
