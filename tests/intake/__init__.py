"""Importing exports of a PMS: their formats, and what comes of them."""
