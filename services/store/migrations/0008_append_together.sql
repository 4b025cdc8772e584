-- Everything that commands write, in one round trip and one transaction; members of it are refused alone.
--   members: which commit each of the following belongs to, numbered from 0
--   stream_ids, versions, topics, states: the events in order
--   recorded_ats: when each was decided, not going back within the call; null takes the server's clock
--   aliases, alias_streams: names that the events introduce
--   holders, keys, fingerprints, outcomes: idempotency keys with their answers
--   read_streams, read_versions: what a commit was decided on besides: streams and their versions, 0 for none
--   overtaken_max: by how much commits of other processes may have overtaken a commit on its way; it is then
--     recorded right after them, so that the log's time never goes back
-- Under the lock on the head row nobody else can append, so what is compared here still holds at the commit.
--   first_position: the head before; the events of the members that are not refused follow it without a gap
--   newest: the newest moment in the log before, null in an empty log
--   late: members that were overtaken by more
--   conflicting: members with a version or alias that exists, or decided on a stream that has grown since
--   taken: members with an idempotency key that exists
-- Raises unique_violation when members of one call collide with each other, or with a key kept at the same time.
CREATE FUNCTION ledger.append_together(
    members int[], stream_ids text[], versions bigint[], topics text[], states bytea[], recorded_ats timestamptz[],
    alias_members int[], aliases text[], alias_streams text[],
    key_members int[], holders text[], keys text[], fingerprints bytea[], outcomes bytea[],
    read_members int[], read_streams text[], read_versions bigint[],
    overtaken_max interval,
    OUT first_position bigint, OUT newest timestamptz, OUT late int[], OUT conflicting int[], OUT taken int[]
) LANGUAGE plpgsql AS $$
DECLARE
    refused int[];
    last_position bigint;
    last_recorded_at timestamptz;
BEGIN
    late := '{}';
    conflicting := '{}';
    IF cardinality(members) > 0 THEN
        SELECT h.position, h.recorded_at INTO first_position, newest FROM ledger.log_head AS h FOR UPDATE;
        late := ARRAY(
            SELECT given.member FROM unnest(members, recorded_ats) AS given (member, recorded_at)
             WHERE given.recorded_at <= newest - overtaken_max);
        -- Each as a subquery of its own row, which can only become a look into the index, however old the plan.
        conflicting := ARRAY(
            SELECT given.member FROM unnest(members, stream_ids, versions) AS given (member, stream, version)
             WHERE (SELECT true FROM ledger.events AS e
                     WHERE e.originator_id = given.stream AND e.originator_version = given.version)
            UNION ALL
            SELECT given.member FROM unnest(alias_members, aliases) AS given (member, alias)
             WHERE (SELECT true FROM ledger.aliases AS a WHERE a.alias = given.alias)
            UNION ALL
            SELECT given.member FROM unnest(read_members, read_streams, read_versions) AS given (member, stream, version)
             WHERE (SELECT true FROM ledger.events AS e
                     WHERE e.originator_id = given.stream AND e.originator_version = given.version + 1));
    END IF;
    taken := ARRAY(
        SELECT given.member FROM unnest(key_members, holders, keys) AS given (member, holder, key)
         WHERE (SELECT true FROM ledger.idempotency_keys AS k WHERE k.holder = given.holder AND k.key = given.key));
    refused := late || conflicting || taken;

    WITH placed AS MATERIALIZED (
        SELECT given.member, given.stream, given.version, given.topic, given.state,
               first_position + row_number() OVER (ORDER BY given.number) AS position,
               max(greatest(coalesce(given.decided_at, clock_timestamp()), newest + interval '1 microsecond'))
                   OVER (ORDER BY given.number) AS recorded_at
          FROM unnest(members, stream_ids, versions, topics, states, recorded_ats) WITH ORDINALITY
            AS given (member, stream, version, topic, state, decided_at, number)
         WHERE given.member <> ALL (refused)
    ), stored AS (
        INSERT INTO ledger.events (notification_id, originator_id, originator_version, topic, state, recorded_at)
        SELECT position, stream, version, topic, state, recorded_at FROM placed
    ), named AS (
        INSERT INTO ledger.aliases (alias, stream)
        SELECT given.alias, given.stream FROM unnest(alias_members, aliases, alias_streams) AS given (member, alias, stream)
         WHERE given.member <> ALL (refused)
    ), kept AS (
        INSERT INTO ledger.idempotency_keys (holder, key, fingerprint, outcome, position)
        SELECT given.holder, given.key, given.fingerprint, given.outcome,
               (SELECT max(placed.position) FROM placed WHERE placed.member = given.member)
          FROM unnest(key_members, holders, keys, fingerprints, outcomes)
            AS given (member, holder, key, fingerprint, outcome)
         WHERE given.member <> ALL (refused)
    )
    SELECT max(placed.position), max(placed.recorded_at) INTO last_position, last_recorded_at FROM placed;

    IF last_position IS NOT NULL THEN
        UPDATE ledger.log_head SET position = last_position, recorded_at = last_recorded_at;
        PERFORM pg_notify('ledger_events', '');
    END IF;
    newest := nullif(newest, '-infinity');
END;
$$;

-- The same for one commit, all or nothing, with errors as the event-sourcing library expects them.
CREATE OR REPLACE FUNCTION ledger.append(
    stream_ids text[], versions bigint[], topics text[], states bytea[], recorded_ats timestamptz[],
    aliases text[], alias_streams text[],
    holders text[], keys text[], fingerprints bytea[], outcomes bytea[], outcome_events bigint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    verdict record;
BEGIN
    SELECT * INTO verdict FROM ledger.append_together(
        array_fill(0, ARRAY[cardinality(stream_ids)]), stream_ids, versions, topics, states, recorded_ats,
        array_fill(0, ARRAY[cardinality(aliases)]), aliases, alias_streams,
        array_fill(0, ARRAY[cardinality(keys)]), holders, keys, fingerprints, outcomes, '{}', '{}', '{}',
        interval '0');
    IF verdict.late <> '{}' THEN
        RAISE EXCEPTION 'an event would be older than the newest one in the log'
            USING ERRCODE = 'P0F01', DETAIL = verdict.newest::text;
    ELSIF verdict.taken <> '{}' OR verdict.conflicting <> '{}' THEN
        RAISE unique_violation USING MESSAGE = 'a version, alias or key exists';
    END IF;
    RETURN verdict.first_position + cardinality(stream_ids);
END;
$$;

ALTER TABLE ledger.log_head DROP COLUMN previous_recorded_at;
