"""The REST face: parses, authorises, hands on, answers. No rule of the domain lives here."""
