"""Who may call: an API key's holder, its role and the accommodations that it reaches."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["pms", "auditor", "admin"]

COMMAND_ROLES: frozenset[Role] = frozenset({"pms", "admin"})
QUERY_ROLES: frozenset[Role] = frozenset({"pms", "auditor", "admin"})
AUDIT_ROLES: frozenset[Role] = frozenset({"auditor", "admin"})
"""Who may have events as they are stored, with the digests of what the provider said."""
ADMIN_ROLES: frozenset[Role] = frozenset({"admin"})


@dataclass(frozen=True)
class Caller:
    """The holder of a key. `accommodations` is None for all."""

    id: str
    name: str
    role: Role
    accommodations: frozenset[str] | None = None

    def reaches(self, accommodation_id: str) -> bool:
        """Whether the key reaches an accommodation."""
        return self.accommodations is None or accommodation_id in self.accommodations

    @property
    def sees(self) -> list[str] | None:
        """The accommodations as a query takes them."""
        return None if self.accommodations is None else sorted(self.accommodations)
