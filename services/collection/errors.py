"""Why something about payment requests does not happen now, beside what the rules refuse."""


class ProviderUnavailable(Exception):
    """There is no provider, or it gave no answer that can be relied on. Nothing was decided; it may be repeated."""


class CallbackRefused(Exception):
    """A callback that is not taken. `code` is one of the interface's: UNAUTHENTICATED, FORBIDDEN, …"""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
