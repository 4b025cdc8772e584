"""The demonstration: the service with sample hotels, which are loaded through its own public commands.

`catalogue` (hotels, people, charges) → `sample_hotel` (what happens on each folio) → `plan` (as commands, in order)
→ `loading` (over HTTP, with idempotency keys) → `run` (beside the server, then the welcome).
"""
