"""Asking guests for money, whoever the provider is."""
