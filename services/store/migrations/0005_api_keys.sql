-- Keys of the callers. Only the SHA-256 digest of a key is stored.
CREATE TABLE ledger.api_keys (
    id             text        PRIMARY KEY,
    name           text        NOT NULL,
    role           text        NOT NULL CHECK (role IN ('pms', 'auditor', 'admin')),
    accommodations text[],
    digest         bytea       NOT NULL UNIQUE,
    created_at     timestamptz NOT NULL DEFAULT now(),
    revoked_at     timestamptz
);

CREATE UNIQUE INDEX api_keys_name ON ledger.api_keys (name) WHERE revoked_at IS NULL;
