-- Views for BI tools. The service makes them, as their tables are its own, and they run with its rights: so the role that
-- reads them, folio_reporting, needs no right on any table. The role belongs to the whole server and is made before.

CREATE SCHEMA reporting;
REVOKE ALL ON SCHEMA reporting FROM PUBLIC;
GRANT USAGE ON SCHEMA reporting TO folio_reporting;
ALTER SCHEMA reporting OWNER TO folio_service;
ALTER DEFAULT PRIVILEGES FOR ROLE folio_service IN SCHEMA reporting GRANT SELECT ON TABLES TO folio_reporting;

DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO folio_reporting', current_database());
END;
$$;
