-- Everything that is ever written by a command, in one round trip and one transaction.
--   stream_ids, versions, topics, states: the events in order
--   recorded_ats: when each was recorded; null takes the server's clock
--   aliases, alias_streams: names that the events introduce
--   holders, keys, fingerprints, outcomes: idempotency keys with their answers
--   outcome_events: for each of those, how many of the events above its command ends after; null for none
-- Returns the position of the last event, or null when there is none.
-- Raises unique_violation for a version, alias or key that exists, and P0F01 (detail: the newest moment in
-- the log) when an event is not later than the newest one.
CREATE FUNCTION ledger.append(
    stream_ids text[], versions bigint[], topics text[], states bytea[], recorded_ats timestamptz[],
    aliases text[], alias_streams text[],
    holders text[], keys text[], fingerprints bytea[], outcomes bytea[], outcome_events bigint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    count bigint := cardinality(stream_ids);
    head ledger.log_head;
    first_position bigint;
BEGIN
    IF count > 0 THEN
        UPDATE ledger.log_head h
           SET position = h.position + count,
               previous_recorded_at = h.recorded_at,
               recorded_at = coalesce(
                   recorded_ats[count],
                   greatest(clock_timestamp(), h.recorded_at + interval '1 microsecond'))
         RETURNING * INTO head;
        IF recorded_ats[1] <= head.previous_recorded_at THEN
            RAISE EXCEPTION 'an event would be older than the newest one in the log'
                USING ERRCODE = 'P0F01', DETAIL = head.previous_recorded_at::text;
        END IF;
        first_position := head.position - count;
    END IF;
    INSERT INTO ledger.idempotency_keys (holder, key, fingerprint, outcome, position)
        SELECT given.holder, given.key, given.fingerprint, given.outcome, first_position + given.events
          FROM unnest(holders, keys, fingerprints, outcomes, outcome_events)
            AS given (holder, key, fingerprint, outcome, events);
    IF count > 0 THEN
        INSERT INTO ledger.events
            (notification_id, originator_id, originator_version, topic, state, recorded_at)
            SELECT first_position + given.number, given.stream_id, given.version, given.topic, given.state,
                   coalesce(given.recorded_at, head.recorded_at)
              FROM unnest(stream_ids, versions, topics, states, recorded_ats) WITH ORDINALITY
                AS given (stream_id, version, topic, state, recorded_at, number);
        INSERT INTO ledger.aliases (alias, stream)
            SELECT given.alias, given.stream FROM unnest(aliases, alias_streams) AS given (alias, stream);
        PERFORM pg_notify('ledger_events', '');
    END IF;
    RETURN head.position;
END;
$$;
