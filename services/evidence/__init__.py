"""Evidence that a folio's events are as they were recorded: how it is made and how it is checked.

FORMAT.md says it in words, so that another language can check it. This room imports nothing of the rest, so that
an auditor can run it without the service: `python -m services.evidence PACKAGE --key FILE`.
"""
