-- Evidence that the log is as it was recorded (services/evidence/FORMAT.md). Nothing here is written by a command:
-- the sealer follows the log. Links, checkpoints and keys are only ever added to.

-- One link for each event: in which chain, after which hash, with which hash.
CREATE TABLE ledger.links (
    position bigint PRIMARY KEY,
    chain    text   NOT NULL,
    number   bigint NOT NULL,
    previous bytea  NOT NULL,
    hash     bytea  NOT NULL,
    CONSTRAINT links_of_chain UNIQUE (chain, number)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.02
);

-- Signed roots over all chains, each naming the one before it.
CREATE TABLE ledger.checkpoints (
    number    bigint      PRIMARY KEY,
    position  bigint      NOT NULL UNIQUE,
    made_at   timestamptz NOT NULL,
    root      bytea       NOT NULL,
    previous  bytea       NOT NULL,
    key_id    text        NOT NULL,
    signature bytea       NOT NULL
);

-- The public keys that checkpoints were signed with, for who wants to know them. Nothing is trusted because of it.
CREATE TABLE ledger.signing_keys (
    key_id        text        PRIMARY KEY,
    public_key    bytea       NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT now()
);

-- The tree of the newest checkpoint: where each chain ended then, and the nodes that have something under them.
CREATE TABLE ledger.heads (
    chain  text   PRIMARY KEY,
    key    bytea  NOT NULL,
    drawer int    NOT NULL,
    links  bigint NOT NULL,
    hash   bytea  NOT NULL
) WITH (fillfactor = 80);

CREATE INDEX heads_of_drawer ON ledger.heads (drawer, key);

CREATE TABLE ledger.tree (
    node int   PRIMARY KEY,
    hash bytea NOT NULL
) WITH (fillfactor = 50);

-- The log begins at 1: what lay before would be followed by nobody. Older rows are looked at by the audit.
ALTER TABLE ledger.events ADD CONSTRAINT events_position CHECK (notification_id > 0) NOT VALID;
ALTER TABLE ledger.links ADD CONSTRAINT links_position CHECK (position > 0) NOT VALID;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.links
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.signing_keys
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.links ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE ledger.checkpoints ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE ledger.signing_keys ENABLE ALWAYS TRIGGER refuse_change;

GRANT SELECT, INSERT ON ledger.links, ledger.checkpoints, ledger.signing_keys TO folio_service;
GRANT SELECT, INSERT, UPDATE ON ledger.heads, ledger.tree TO folio_service;
