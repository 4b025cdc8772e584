-- The rights of folio_service, the role that the service works as, whoever logs in: it adds to the log and can change
-- nothing of it. The role itself belongs to the whole server and is made before any migration.

-- Names that stand for a stream are part of the log. Said again of the events: a trigger that was switched off is on.
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.aliases
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.aliases ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE ledger.events ENABLE ALWAYS TRIGGER refuse_change;

REVOKE ALL ON SCHEMA ledger, collection, read_model, read_model_beside FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ledger, collection, read_model, read_model_beside FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;

-- What the service does, and nothing else.
GRANT USAGE ON SCHEMA ledger, collection TO folio_service;
GRANT SELECT, INSERT ON ledger.events, ledger.aliases, ledger.personal_data_keys TO folio_service;
GRANT SELECT, UPDATE ON ledger.log_head TO folio_service;
GRANT SELECT, INSERT, DELETE ON ledger.idempotency_keys TO folio_service;
GRANT SELECT, INSERT, UPDATE (revoked_at) ON ledger.api_keys TO folio_service;
GRANT EXECUTE ON FUNCTION ledger.append, ledger.append_together TO folio_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON collection.agenda TO folio_service;
GRANT SELECT, INSERT, UPDATE ON collection.callbacks TO folio_service;
GRANT INSERT ON collection.differences TO folio_service;
GRANT SELECT ON folio_migrations TO folio_service;

-- Read models are made, swapped and dropped by the service: schemas and tables are its own. Comparing them with the log
-- takes temporary tables.
DO $$
DECLARE
    each_one regclass;
BEGIN
    ALTER SCHEMA read_model OWNER TO folio_service;
    ALTER SCHEMA read_model_beside OWNER TO folio_service;
    FOR each_one IN
        SELECT oid FROM pg_class
         WHERE relnamespace IN ('read_model'::regnamespace, 'read_model_beside'::regnamespace) AND relkind = 'r'
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO folio_service', each_one);
    END LOOP;
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO folio_service', current_database());
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO folio_service',
                   (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'folio_migrations'::regclass));
END;
$$;
