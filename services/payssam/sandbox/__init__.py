"""A stand-in for PaySsam, for trying and testing: a real server that speaks its API and shares no code with a client.

    async with running_sandbox(SandboxSettings(data=Path("sandbox.db")), listening_socket) as sandbox:
        ...

`serve_sandbox` is the same for a process of its own. What can be asked of it is on its first page, `/`.
"""

from services.payssam.sandbox.app import Sandbox, running_sandbox, serve_sandbox
from services.payssam.sandbox.settings import SandboxSettings

__all__ = ["Sandbox", "SandboxSettings", "running_sandbox", "serve_sandbox"]
