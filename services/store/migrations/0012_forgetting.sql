-- Forgetting a guest. The event that says so destroys the folio's data key and erases what the provider's callbacks
-- say of the guest: whoever appends it, in whatever way, both happen in one transaction or neither does.

-- Whose guest a callback is about; null when it names no payment request that is known here, and in callbacks kept by
-- a version that did not look: whose those are is asked of the log when it matters. To fill it in here would keep the
-- provider's callbacks out for as long as that takes.
ALTER TABLE collection.callbacks ADD COLUMN folio_id text;
CREATE INDEX callbacks_of_folio ON collection.callbacks (folio_id) WHERE folio_id IS NOT NULL;

-- The payment requests of a folio, from the log: by the links of the folio's chain, and among the events after the
-- last link, however far the sealer is behind.
CREATE FUNCTION ledger.payment_requests_of(folio text) RETURNS SETOF text LANGUAGE plpgsql STABLE ROWS 10 AS $$
DECLARE
    linked bigint := coalesce((SELECT max(position) FROM ledger.links), 0);
BEGIN
    RETURN QUERY
        SELECT event.originator_id
          FROM ledger.links AS link JOIN ledger.events AS event ON event.notification_id = link.position
         WHERE link.chain = 'folio/' || folio AND event.topic = 'payment_request.requested'
           AND convert_from(event.state, 'UTF8')::jsonb #>> '{asked,folio_id}' = folio;
    RETURN QUERY
        SELECT event.originator_id
          FROM ledger.events AS event
         WHERE event.notification_id > linked AND event.topic = 'payment_request.requested'
           AND convert_from(event.state, 'UTF8')::jsonb #>> '{asked,folio_id}' = folio;
END;
$$;

-- A folio that never had a key gets a row without one, so that none is made later.
-- The key's row is locked before callbacks are looked for: who keeps a callback holds it in share meanwhile, so each
-- is either found here, or sees that the guest was forgotten.
CREATE FUNCTION ledger.destroy_personal_data(folio text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger.personal_data_keys (folio_id, data_key) VALUES (folio, NULL)
        ON CONFLICT (folio_id) DO UPDATE SET data_key = NULL;
    UPDATE collection.callbacks SET body = '', headers = '{}'
     WHERE folio_id = folio AND (body <> '' OR headers <> '{}');
    UPDATE collection.callbacks SET body = '', headers = '{}', folio_id = folio
     WHERE folio_id IS NULL AND request_id = ANY (ARRAY(SELECT ledger.payment_requests_of(folio)));
END;
$$;

CREATE FUNCTION ledger.forget_guest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.destroy_personal_data(convert_from(NEW.state, 'UTF8')::jsonb ->> 'folio_id');
    RETURN NULL;
END;
$$;

CREATE TRIGGER forget_guest AFTER INSERT ON ledger.events
    FOR EACH ROW WHEN (NEW.topic = 'folio.guest_forgotten') EXECUTE FUNCTION ledger.forget_guest();
ALTER TABLE ledger.events ENABLE ALWAYS TRIGGER forget_guest;

REVOKE ALL ON FUNCTION ledger.payment_requests_of, ledger.destroy_personal_data, ledger.forget_guest FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.payment_requests_of, ledger.destroy_personal_data TO folio_service;
GRANT SELECT, INSERT, UPDATE ON ledger.personal_data_keys TO folio_service;
GRANT SELECT, INSERT, UPDATE ON collection.callbacks TO folio_service;
-- What a destroyed key leaves in its table is cleared away with VACUUM; before PostgreSQL 17 autovacuum does it later.
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 170000 THEN
        GRANT MAINTAIN ON ledger.personal_data_keys, collection.callbacks TO folio_service;
    END IF;
END;
$$;
