-- Forgetting a guest. The event that says so destroys the folio's data key and erases what the provider's callbacks
-- say of the guest: whoever appends it, in whatever way, both happen in one transaction or neither does.

-- Whose guest a callback is about; null when it names no payment request that is known here.
ALTER TABLE collection.callbacks ADD COLUMN folio_id text;
UPDATE collection.callbacks AS callback
   SET folio_id = convert_from(event.state, 'UTF8')::jsonb #>> '{asked,folio_id}'
  FROM ledger.events AS event
 WHERE event.originator_id = callback.request_id AND event.originator_version = 1;
CREATE INDEX callbacks_of_folio ON collection.callbacks (folio_id);

-- A folio that never had a key gets a row without one, so that none is made later.
-- The key's row is locked before callbacks are looked for: who keeps a callback holds it in share meanwhile, so each
-- is either found here, or sees that the guest was forgotten.
CREATE FUNCTION ledger.forget_guest() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    forgotten text := convert_from(NEW.state, 'UTF8')::jsonb ->> 'folio_id';
BEGIN
    INSERT INTO ledger.personal_data_keys (folio_id, data_key) VALUES (forgotten, NULL)
        ON CONFLICT (folio_id) DO UPDATE SET data_key = NULL;
    UPDATE collection.callbacks SET body = '', headers = '{}' WHERE folio_id = forgotten;
    RETURN NULL;
END;
$$;

CREATE TRIGGER forget_guest AFTER INSERT ON ledger.events
    FOR EACH ROW WHEN (NEW.topic = 'folio.guest_forgotten') EXECUTE FUNCTION ledger.forget_guest();
ALTER TABLE ledger.events ENABLE ALWAYS TRIGGER forget_guest;

GRANT SELECT, INSERT, UPDATE ON ledger.personal_data_keys TO folio_service;
GRANT SELECT, INSERT, UPDATE ON collection.callbacks TO folio_service;
-- What a destroyed key leaves in its table is cleared away with VACUUM.
GRANT MAINTAIN ON ledger.personal_data_keys, collection.callbacks TO folio_service;
