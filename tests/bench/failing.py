"""Why a measurement could not be made."""


class CannotMeasure(Exception):
    """Something that is needed is missing or failed; the message says what, where, and what to do."""
