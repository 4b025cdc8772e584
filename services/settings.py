"""Settings, from the environment (prefix `FOLIO_`) or a `.env` file. Nothing else reads the environment."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ADMIN_KEY_LENGTH_MIN = 16


class Settings(BaseSettings):
    """What an operator may set. Secrets are never shown."""

    model_config = SettingsConfigDict(env_prefix="FOLIO_", env_file=".env", extra="ignore", frozen=True)

    database_url: SecretStr | None = Field(
        default=None, description="postgresql://… ; without it an own PostgreSQL runs in the data folder"
    )
    admin_key: SecretStr | None = Field(
        default=None, description="A key of at least 16 characters that always works, role admin"
    )
    postgres_binaries: Path | None = Field(
        default=None, description="bin folder of a PostgreSQL to use instead of the one that comes along"
    )
    log_format: str = Field(default="json", pattern="^(json|console)$")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("admin_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < ADMIN_KEY_LENGTH_MIN:
            raise ValueError(f"must have at least {ADMIN_KEY_LENGTH_MIN} characters")
        return key
