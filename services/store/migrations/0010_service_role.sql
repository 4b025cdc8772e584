-- The role that the service works as, whoever logs in: it adds to the log and can change nothing of it.
-- Roles belong to the whole server; another database's migration may make it at this moment.
DO $$
BEGIN
    CREATE ROLE folio_service NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END;
$$;
GRANT folio_service TO CURRENT_USER;
