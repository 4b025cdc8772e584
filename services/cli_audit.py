"""`folio verify` and `folio audit`: a folio's proof checked offline, and the whole log checked in its database."""

from pathlib import Path
from typing import Annotated

import typer

from services.bootstrap import sealing_by
from services.evidence.__main__ import check
from services.evidence.chain import Tampered
from services.evidence.keys import public_text
from services.store.sealer import Sealer
from services.terminal import DEFAULT_DATA, Data, clear_messages, fail, prepared_database, read_settings, tell

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
