"""Settings, from the environment (prefix `FOLIO_`) or a `.env` file. Nothing else reads the environment."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set. Secrets are never shown."""

    model_config = SettingsConfigDict(env_prefix="FOLIO_", env_file=".env", extra="ignore", frozen=True)

    database_url: SecretStr | None = Field(
        default=None, description="postgresql://… ; without it an own PostgreSQL runs in the data folder"
    )
    admin_key: SecretStr | None = Field(
        default=None, min_length=16, description="A key of at least 16 characters that always works, role admin"
    )
    postgres_binaries: Path | None = Field(
        default=None, description="bin folder of a PostgreSQL to use instead of the one that comes along"
    )
    log_format: str = Field(default="json", pattern="^(json|console)$")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
