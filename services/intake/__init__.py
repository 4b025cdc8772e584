"""Bills with their payments from a PMS export, imported once however often the file is given. See FORMAT.md."""
