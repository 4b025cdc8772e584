-- An idempotency key with the digest of its request and the answer that it was given.
CREATE TABLE ledger.idempotency_keys (
    holder      text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    outcome     bytea       NOT NULL,
    position    bigint,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (holder, key)
);

CREATE INDEX idempotency_keys_created_at ON ledger.idempotency_keys USING brin (created_at);
