"""`folio verify` and `folio audit`: a folio's proof checked offline, and the whole log checked in its database."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.audit.findings import Finding, Kind
from services.audit.read_models import parked_findings, read_model_findings
from services.audit.whole import Extent, LogCheck, position_before
from services.bootstrap import CODEC, READ_MODELS, sealing_by
from services.cli_progress import BuildingProgress
from services.evidence.__main__ import check
from services.evidence.chain import Tampered
from services.evidence.keys import public_text, read_public_key
from services.store.connection import connect_patiently
from services.store.protections import missing_protections
from services.store.sealer import Sealer
from services.terminal import (
    DEFAULT_DATA,
    Data,
    clear_messages,
    end_on_sigterm,
    fail,
    prepared_database,
    read_settings,
    run,
    tell,
)

CLEAN, FOUND, UNCHECKED, INTERRUPTED = 0, 1, 2, 130
TOLD_MAX = 100
"""Findings of a kind that are told; all are counted."""
CONNECTION_NAME = "folio audit"

audit = typer.Typer(help="The log's evidence: the public key, sealing, verifying.", no_args_is_help=True)

Keys = Annotated[
    list[Path],
    typer.Option("--key", metavar="FILE", help="A public key that you trust, as PEM; may be given several times."),
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
        sealing = sealing_by(read_settings(), data)
    typer.echo(public_text(sealing.key.public_key()), nl=False)


@audit.command("seal")
def seal_command(data: Data = DEFAULT_DATA) -> None:
    """Link every event that is not linked yet and sign a checkpoint, as a running service does by itself."""
    with prepared_database(data) as conninfo:
        sealer = Sealer(conninfo, sealing_by(read_settings(), data).key)
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
        typer.Option(metavar="MOMENT", help="Read only events after this position or time; the rest is checked whole."),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="FILE", help="A public key that you trust; by default this service's own."),
    ] = None,
    checkpoints: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A copy of the file of checkpoints, to be found again.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Check the whole log: order, versions, chains, signatures, names, read models, protections. Changes nothing.

    Ends with status 0 when all is as it was recorded, 1 when something is not, 2 when something could not be checked.
    """
    end_on_sigterm()
    report = Report(as_json=as_json)
    with prepared_database(data) as conninfo:
        keys = [read_public_key(path) for path in key] if key else [_own_key(data)]
        check = LogCheck(conninfo, keys, _position(conninfo, since), checkpoints)
        try:
            with BuildingProgress("Checking", "checked", stderr=True) as progress:
                for finding in check.findings(progress.says, progress.reached):
                    report.add(finding)
                run(_look_at_the_rest(conninfo, progress, report))
        except KeyboardInterrupt:
            tell("Stopped; what was not checked is not clean.")
            raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(report.end(check.extent))


def _position(conninfo: str, since: str | None) -> int:
    if since is None:
        return 0
    if since.isascii() and since.isdigit():
        return int(since)
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise typer.BadParameter(f"{since!r} is no position and no time with an offset, as 2026-11-22T14:00:00+09:00.")
    return position_before(conninfo, moment)


def _own_key(data: Path) -> Ed25519PublicKey:
    return sealing_by(read_settings(), data).key.public_key()


async def _look_at_the_rest(conninfo: str, progress: BuildingProgress, report: "Report") -> None:
    async with await connect_patiently(conninfo, CONNECTION_NAME) as connection:
        progress.says("Protections")
        for sentence in await missing_protections(connection):
            report.add(Finding(Kind.PROTECTION_MISSING, sentence))
        async for finding in parked_findings(connection):
            report.add(finding)
    progress.says("Read models")
    async for finding in read_model_findings(conninfo, READ_MODELS, CODEC, progress):
        report.add(finding)


class Report:
    """Tells findings as they come, or all at the end as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._counts: Counter[Kind] = Counter()
        self._kept: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Count it, and tell it unless there are too many of its kind."""
        self._counts[finding.kind] += 1
        if self._counts[finding.kind] > TOLD_MAX:
            return
        if self._as_json:
            self._kept.append(finding)
        else:
            typer.echo(f"{finding.kind}: {finding.sentence}")

    def end(self, extent: Extent) -> int:
        """Say what it comes to; returns the exit status."""
        unchecked = self._counts[Kind.NOT_CHECKED]
        found = self._counts.total() - unchecked
        status = FOUND if found else UNCHECKED if unchecked else CLEAN
        if self._as_json:
            typer.echo(json.dumps(self._document(extent, status), ensure_ascii=False, indent=2))
            return status
        for kind, count in self._counts.items():
            if count > TOLD_MAX:
                typer.echo(f"{kind}: {count:,} in all, {TOLD_MAX} of them told.")
        typer.echo(f"{extent.events:,} events up to position {extent.position:,} were checked{_signed(extent)}.")
        if unchecked:
            typer.echo(f"Could not check: {unchecked:,} times, see NOT_CHECKED above. That is not clean.")
        typer.echo(f"Findings: {found:,}." if found else "Nothing was found to be altered.")
        return status

    def _document(self, extent: Extent, status: int) -> dict[str, object]:
        checkpoint = extent.checkpoint
        return {
            "status": {CLEAN: "CLEAN", FOUND: "FOUND", UNCHECKED: "NOT_CHECKED"}[status],
            "events": extent.events,
            "position": extent.position,
            "checkpoint": None if checkpoint is None else checkpoint.document(),
            "counts": {kind.value: count for kind, count in self._counts.items()},
            "findings": [finding.document() for finding in self._kept],
        }


def _signed(extent: Extent) -> str:
    checkpoint = extent.checkpoint
    if checkpoint is None:
        return "; no checkpoint was made yet"
    return f"; checkpoint {checkpoint.number} has signed them up to position {checkpoint.position:,}"
