-- One data key per folio: personal data in the log is sealed under it. A destroyed key stays as a row
-- without its key, so that none is made again for a forgotten guest's old data.
CREATE TABLE ledger.personal_data_keys (
    folio_id   text        PRIMARY KEY,
    data_key   bytea,
    created_at timestamptz NOT NULL DEFAULT now()
);
