"""The domain: bills on folios, and the commands that change them. Pure: no I/O, no clock, no database."""
