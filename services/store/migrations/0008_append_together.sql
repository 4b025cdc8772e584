-- Everything that commands write, in one round trip and one transaction; members of it are refused alone.
-- (ledger.append takes one commit, all or nothing, as the event-sourcing library's recorder wants it.)
-- commits: a JSON array, one object for each member, in the order of their positions:
--   events: [[stream, version, topic, state, moment], ...], the moment when it was decided, null for the server's clock;
--     moments do not go back within the call
--   aliases: {alias: stream}, names that the events introduce
--   outcomes: [[holder, key, fingerprint in hex, outcome], ...], idempotency keys with their answers
--   reads: {stream: version}, the streams that it was decided on, version 0 for one that was not there
-- overtaken_max: by how much commits of other processes may have overtaken a member on its way. It is then recorded
--   right after them, so that the log's time never goes back; its moment, which stands in its events and answers as
--   it is given, is replaced there
-- Under the lock on the head row nobody else can append, so what is compared here still holds at the commit.
-- Members are numbered from 0 in what is returned:
--   first_position: the head before; the events of the members that are not refused follow it without a gap
--   newest: the newest moment in the log before, null in an empty log
--   overtaken: members that are recorded at moved_to, the moment right after the newest
--   late: members that were overtaken by more
--   conflicting: members with a version or alias that exists, or decided on a stream that is at another version
--   taken: members with an idempotency key that exists
-- Raises unique_violation when members of one call collide with each other, or with a key kept at the same time.
CREATE FUNCTION ledger.append_together(
    commits jsonb, overtaken_max interval,
    OUT first_position bigint, OUT newest timestamptz, OUT overtaken int[], OUT late int[], OUT conflicting int[],
    OUT taken int[], OUT moved_to timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
    refused int[];
    last_position bigint;
    last_recorded_at timestamptz;
    following text;
BEGIN
    overtaken := '{}';
    late := '{}';
    conflicting := '{}';
    IF jsonb_path_exists(commits, '$[*].events[*]') THEN
        SELECT h.position, h.recorded_at INTO first_position, newest FROM ledger.log_head AS h FOR UPDATE;
        moved_to := newest + interval '1 microsecond';
        overtaken := ARRAY(
            SELECT c.number - 1 FROM jsonb_array_elements(commits) WITH ORDINALITY AS c (value, number)
             WHERE (c.value #>> '{events,0,4}')::timestamptz <= newest);
        IF overtaken <> '{}' THEN
            following := to_char(moved_to AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
            late := ARRAY(
                SELECT c.number - 1 FROM jsonb_array_elements(commits) WITH ORDINALITY AS c (value, number)
                 WHERE (c.value #>> '{events,0,4}')::timestamptz <= newest - overtaken_max);
        END IF;
        -- Each as a subquery of its own row, which can only become a look into the index, however old the plan.
        conflicting := ARRAY(
            SELECT c.number - 1
              FROM jsonb_array_elements(commits) WITH ORDINALITY AS c (value, number),
                   jsonb_array_elements(c.value -> 'events') AS e (value)
             WHERE (SELECT true FROM ledger.events AS e2
                     WHERE e2.originator_id = e.value ->> 0 AND e2.originator_version = (e.value ->> 1)::bigint)
            UNION ALL
            SELECT c.number - 1
              FROM jsonb_array_elements(commits) WITH ORDINALITY AS c (value, number),
                   jsonb_object_keys(c.value -> 'aliases') AS a (alias)
             WHERE (SELECT true FROM ledger.aliases AS a2 WHERE a2.alias = a.alias)
            UNION ALL
            SELECT c.number - 1
              FROM jsonb_array_elements(commits) WITH ORDINALITY AS c (value, number),
                   jsonb_each_text(c.value -> 'reads') AS r (stream, version)
             WHERE r.version::bigint <> coalesce(
                       (SELECT max(e2.originator_version) FROM ledger.events AS e2 WHERE e2.originator_id = r.stream), 0));
    END IF;
    taken := ARRAY(
        SELECT c.number - 1
          FROM jsonb_array_elements(commits) WITH ORDINALITY AS c (value, number),
               jsonb_array_elements(c.value -> 'outcomes') AS o (value)
         WHERE (SELECT true FROM ledger.idempotency_keys AS k WHERE k.holder = o.value ->> 0 AND k.key = o.value ->> 1));
    refused := late || conflicting || taken;

    WITH members AS MATERIALIZED (
        SELECT c.value, c.number, c.number - 1 = ANY (overtaken) AS overtaken, c.value #>> '{events,0,4}' AS moment
          FROM jsonb_array_elements(commits) WITH ORDINALITY AS c (value, number)
         WHERE c.number - 1 <> ALL (refused)
    ), placed AS MATERIALIZED (
        SELECT m.number AS member, e.value,
               CASE WHEN m.overtaken THEN replace(e.value ->> 3, m.moment, following) ELSE e.value ->> 3 END AS state,
               first_position + row_number() OVER (ORDER BY m.number, e.number) AS position,
               max(greatest(coalesce((e.value ->> 4)::timestamptz, clock_timestamp()), moved_to))
                   OVER (ORDER BY m.number, e.number) AS recorded_at
          FROM members AS m, jsonb_array_elements(m.value -> 'events') WITH ORDINALITY AS e (value, number)
    ), stored AS (
        INSERT INTO ledger.events (notification_id, originator_id, originator_version, topic, state, recorded_at)
        SELECT position, value ->> 0, (value ->> 1)::bigint, value ->> 2, convert_to(state, 'UTF8'), recorded_at
          FROM placed
    ), named AS (
        INSERT INTO ledger.aliases (alias, stream)
        SELECT a.alias, a.stream FROM members AS m, jsonb_each_text(m.value -> 'aliases') AS a (alias, stream)
    ), kept AS (
        INSERT INTO ledger.idempotency_keys (holder, key, fingerprint, outcome, position)
        SELECT o.value ->> 0, o.value ->> 1, decode(o.value ->> 2, 'hex'),
               convert_to(CASE WHEN m.overtaken THEN replace(o.value ->> 3, m.moment, following)
                               ELSE o.value ->> 3 END, 'UTF8'),
               (SELECT max(placed.position) FROM placed WHERE placed.member = m.number)
          FROM members AS m, jsonb_array_elements(m.value -> 'outcomes') AS o (value)
    )
    SELECT max(placed.position), max(placed.recorded_at) INTO last_position, last_recorded_at FROM placed;

    IF last_position IS NOT NULL THEN
        UPDATE ledger.log_head SET position = last_position, recorded_at = last_recorded_at;
        PERFORM pg_notify('ledger_events', '');
    END IF;
    newest := nullif(newest, '-infinity');
    moved_to := nullif(moved_to, '-infinity');
END;
$$;
