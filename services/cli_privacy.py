"""`folio privacy`: what is kept of a guest is exported, and forgotten."""

import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from ulid import ULID

from projections.reading import Freshness
from services.access import Caller
from services.billing.event import Context
from services.billing.ports import NotForgotten
from services.billing.views import View
from services.bootstrap import make_service
from services.desk.bodies import ForgetGuestBody
from services.desk.commands import FORGET_GUEST
from services.desk.desk import Call
from services.desk.parsing import parse
from services.desk.problems import Problem
from services.desk.requests import check_id
from services.telemetry import configure_logging
from services.terminal import (
    DEFAULT_DATA,
    Data,
    fail,
    prepared_database,
    read_settings,
    run,
    tell,
    until_interrupted,
    until_ready,
)

OPERATOR = "command line"
"""Stands where the name of an API key stands; the PMS user is the system's account."""
REMAINS = (
    "Backups and WAL archives from before still hold what was forgotten: delete them when their time is over, and"
    " after restoring one, forget the guest again. Pages of the database's files, too, may hold remains until they are"
    " overwritten."
)

Folio = Annotated[str, typer.Argument(help="The folio's id.")]

privacy = typer.Typer(help="A guest's personal data: export, forget.", no_args_is_help=True)


@privacy.command("forget")
def privacy_forget(
    folio: Folio,
    reason: Annotated[
        str | None, typer.Option(help="Why; kept for good, so it must not name the guest. Asked for when missing.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether that is meant.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Forget a folio's guest for good: names, phones, accounts open no more; amounts stay.

    To forget again says when it was done, and destroys what a restored backup has brought back. Backups and WAL
    archives from before still hold it all; pages of the database's files may hold remains until they are overwritten.
    """
    call = _call(folio, _reason(reason))
    if not yes:
        _confirm(folio)
    configure_logging("ERROR", "console")
    with until_interrupted(), prepared_database(data) as conninfo:
        forgotten = run(_forget(conninfo, call))
        tell(
            f"The guest of folio {folio} is forgotten, since {forgotten['forgottenAt']}, by"
            f" {forgotten['forgottenBy']}: {forgotten['reason']}\n{REMAINS}"
        )


@privacy.command("export")
def privacy_export(
    folio: Folio,
    out: Annotated[
        Path | None, typer.Option(help="A new file, for its owner alone; the terminal's output by default.")
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Write everything that is kept of a folio's guest as JSON, in the clear; who did so is logged."""
    with _told_clearly():
        check_id("folioId", folio)
    configure_logging("WARNING", read_settings().log_format)
    with until_interrupted(), prepared_database(data) as conninfo:
        text = json.dumps(run(_export(conninfo, folio)), ensure_ascii=False, indent=2) + "\n"
        if out is None:
            sys.stdout.write(text)
        else:
            _write_private(out, text)
            tell(f"Written to {out}.")


def _call(folio: str, reason: str) -> Call:
    with _told_clearly():
        check_id("folioId", folio)
        body = parse(ForgetGuestBody, msgspec.json.encode({"reason": reason}))
    context = Context(OPERATOR, str(ULID()), user=getpass.getuser(), reason=body.reason)
    return Call(FORGET_GUEST, (folio,), body, context)


async def _forget(conninfo: str, call: Call) -> View:
    async with make_service(conninfo) as service:
        await until_ready(service)
        try:
            outcome = await service.desk.run(call)
        except NotForgotten as error:
            fail(str(error))
        await service.clearing.finished()
    if outcome.problem:
        fail(outcome.body["detail"])
    view: View = msgspec.to_builtins(outcome.body)
    return view


async def _export(conninfo: str, folio: str) -> View:
    with _told_clearly():
        async with make_service(conninfo) as service:
            await until_ready(service)
            caller = Caller(OPERATOR, f"{OPERATOR} ({getpass.getuser()})", "admin")
            found = await service.guest_export.of_folio(folio, caller, Freshness())
    view: View = msgspec.to_builtins(found.view)
    return view


@contextmanager
def _told_clearly() -> Iterator[None]:
    """Say what is wrong with what was asked for, and end."""
    try:
        yield
    except Problem as problem:
        fail("; ".join(f"{fault.pointer[1:]}: {fault.detail}" for fault in problem.faults) or problem.detail)


def _reason(given: str | None) -> str:
    if given is not None:
        return given
    if not sys.stdin.isatty():
        fail("Say why with --reason; it is kept for good, so it must not name the guest.")
    asked: str = typer.prompt("Why (kept for good; must not name the guest)", err=True)
    return asked


def _confirm(folio: str) -> None:
    if not sys.stdin.isatty():
        fail(f"Nothing was done: there is nobody to ask whether folio {folio} is meant. Say --yes.")
    if not typer.confirm(f"Forget the guest of folio {folio} for good? Nothing brings the data back", err=True):
        fail("Nothing was done.")


def _write_private(file: Path, text: str) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            os.fchmod(descriptor, 0o600)
            opened.write(text)
    except FileExistsError:
        fail(f"{file} exists and was left as it is; name a new file.")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")
