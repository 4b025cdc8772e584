"""Why a command is refused. A refusal changes nothing; its `code` is part of the interface."""


class Refusal(Exception):
    """A command that the rules do not allow.

    `detail` says what was wrong and what to do; `pointer` is the JSON pointer of the value at fault
    in the command's body (or the name of the path parameter), empty for the whole command.
    """

    code = "INVALID_STATE"

    def __init__(self, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


class RequiredParameter(Refusal):
    """A value that this command needs is missing."""

    code = "REQUIRED_PARAMETER"


class InvalidParameter(Refusal):
    """A value is out of range, of the wrong form, or names a thing of another accommodation or folio."""

    code = "INVALID_PARAMETER"


class NotFound(Refusal):
    """No such bill, payment or folio, or none that this caller may see."""

    code = "DATA_NOT_FOUND_ON_ID"


class InvalidState(Refusal):
    """The bill or payment no longer takes this command."""

    code = "INVALID_STATE"


class VersionMismatch(Refusal):
    """The caller expected another version of what it wants to change."""

    code = "VERSION_MISMATCH"


def check_version(what: str, version: int, expected: int | None) -> None:
    """Raise VersionMismatch when the caller has seen another version of `what` ("Bill 01J…"); None is any."""
    if expected is not None and expected != version:
        raise VersionMismatch(f"{what} is at version {version}, not {expected}; read it again and decide anew.")


class ConservationViolated(Exception):
    """A transfer or settlement would make or lose money. A fault of this program, never of the caller."""
