"""Text that others may have written, as it may stand on a screen."""


def printable(text: str) -> str:
    """The text with escapes for what is no sign, line breaks too: nobody forges a line or commands the terminal."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
