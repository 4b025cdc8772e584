"""The command line's part about the payment provider: `folio payssam …` and `folio payssam-sandbox`."""

from pathlib import Path
from typing import Annotated

import typer

from services.payssam.sandbox import SandboxSettings, serve_sandbox
from services.serving import listen

SandboxData = Annotated[Path | None, typer.Option(help="File that keeps the sandbox's bills; none by default.")]
Points = Annotated[int, typer.Option(min=0, help="Points to begin with; a message costs 55.")]
HourSeconds = Annotated[float, typer.Option(min=0.01, help="Seconds that the hour between two callbacks lasts.")]


async def serve_sandbox_on(port: int, host: str, settings: SandboxSettings) -> None:
    """Serve the sandbox until it is interrupted. Raises PortTaken."""
    with listen(host, port) as listening:
        address = listening.getsockname()
        typer.echo(f"The PaySsam sandbox serves http://{address[0]}:{address[1]} (described there). Ctrl-C ends it.")
        await serve_sandbox(settings, listening)
