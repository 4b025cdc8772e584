"""Settings, from the environment (prefix `FOLIO_`) or a `.env` file. Nothing else reads the environment."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ADMIN_KEY_LENGTH_MIN = 16


class Settings(BaseSettings):
    """What an operator may set. Secrets are never shown."""

    model_config = SettingsConfigDict(
        env_prefix="FOLIO_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: SecretStr | None = Field(
        default=None, description="postgresql://… ; without it an own PostgreSQL runs in the data folder"
    )
    admin_key: SecretStr | None = Field(
        default=None, description="A key of at least 16 characters that always works, role admin"
    )
    postgres_binaries: Path | None = Field(
        default=None, description="bin folder of a PostgreSQL to use instead of the one that comes along"
    )
    public_url: str | None = Field(
        default=None,
        pattern="^https?://[^/]+$",
        description="Where the provider reaches this service, such as https://folio.example.com; for callbacks",
    )
    payssam_base_url: str | None = Field(
        default=None, pattern="^https?://", description="Address of PaySsam; no default: a wrong one sends real bills"
    )
    payssam_api_key: SecretStr | None = Field(default=None, description="The partner's key at PaySsam")
    payssam_api_version: Literal["v1", "v2"] = "v2"
    payssam_callback_sources: str = Field(
        default="", description="Addresses that callbacks are taken from, with commas between; any by default"
    )
    payssam_automatic_card_payment: bool = Field(
        default=False, description="Whether cards are charged automatically (RP): then links carry no phone number"
    )
    graphql_introspection: bool = Field(
        default=False, description="Whether GraphQL clients may ask for the schema, and /graphql has a page to try it"
    )
    signing_key_file: Path | None = Field(
        default=None,
        description="Private Ed25519 key (PEM) that checkpoints are signed with; by default signing-key.pem in the"
        " data folder, made at the first start",
    )
    checkpoint_file: Path | None = Field(
        default=None,
        description="File that each checkpoint is added to, so that copies can be kept elsewhere; by default"
        " checkpoints.jsonl in the data folder, or checkpoints-….jsonl with a name for each database elsewhere",
    )
    log_format: str = Field(default="json", pattern="^(json|console)$")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("admin_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < ADMIN_KEY_LENGTH_MIN:
            raise ValueError(f"must have at least {ADMIN_KEY_LENGTH_MIN} characters")
        return key

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
        if (self.payssam_base_url is None) != (self.payssam_api_key is None):
            raise ValueError("FOLIO_PAYSSAM_BASE_URL and FOLIO_PAYSSAM_API_KEY go together; set both or none")
        return self
