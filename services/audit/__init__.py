"""Checking the whole log in its database: order, versions, chains, checkpoints, read models, protections.

Each part of the check is a file that yields findings. Nothing here changes anything.
"""
