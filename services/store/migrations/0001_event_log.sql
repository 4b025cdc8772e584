-- The event log. Positions are dense: the head row numbers the events and is locked until the commit,
-- so that the order of positions is the order of commits and a reader that follows them misses none.

CREATE SCHEMA IF NOT EXISTS ledger;

CREATE TABLE ledger.events (
    notification_id    bigint      NOT NULL,
    originator_id      text        NOT NULL,
    originator_version bigint      NOT NULL,
    topic              text        NOT NULL,
    state              bytea       NOT NULL,
    recorded_at        timestamptz NOT NULL,
    PRIMARY KEY (originator_id, originator_version),
    CONSTRAINT events_position_key UNIQUE (notification_id)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.02
);

CREATE TABLE ledger.log_head (
    only_row             boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    position             bigint      NOT NULL,
    recorded_at          timestamptz NOT NULL,
    previous_recorded_at timestamptz NOT NULL
) WITH (fillfactor = 20);

INSERT INTO ledger.log_head (position, recorded_at, previous_recorded_at) VALUES (0, '-infinity', '-infinity');

-- Names that stand for a stream, unique for good: a payment's id and a bill's code for their bill.
CREATE TABLE ledger.aliases (
    alias  text PRIMARY KEY,
    stream text NOT NULL
);

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the log is never changed', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END;
$$;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.events ENABLE ALWAYS TRIGGER refuse_change;

-- Finds the position of a moment.
CREATE INDEX events_recorded_at ON ledger.events (recorded_at, notification_id);
