"""The stand-in for the provider, spoken to as any partner would: over HTTP, with bodies written out."""
