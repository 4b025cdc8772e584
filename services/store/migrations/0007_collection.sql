-- What the dealings with a payment provider need beside the log. Nothing here is a fact that a bill rests on:
-- the agenda may be lost, and a callback is only a hint that leads to a question.
CREATE SCHEMA IF NOT EXISTS collection;

-- When each payment request is to be looked at next, after how many attempts that failed in a row, and why.
CREATE TABLE collection.agenda (
    request_id text        PRIMARY KEY,
    next_at    timestamptz NOT NULL,
    attempts   int         NOT NULL,
    reason     text
);

CREATE INDEX agenda_next_at ON collection.agenda (next_at);

-- Callbacks as they came, byte for byte, each content once; kept before they are answered.
CREATE TABLE collection.callbacks (
    number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest      bytea       NOT NULL UNIQUE,
    body        bytea       NOT NULL,
    headers     jsonb       NOT NULL,
    source      text        NOT NULL,
    request_id  text        NOT NULL,
    says_paid   boolean     NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    state       text        NOT NULL DEFAULT 'WAITING' CHECK (state IN ('WAITING', 'DONE')),
    reason      text,
    attempts    int         NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL DEFAULT now(),
    done_at     timestamptz
);

CREATE INDEX callbacks_waiting ON collection.callbacks (next_at) WHERE state = 'WAITING';
CREATE INDEX callbacks_of_request ON collection.callbacks (request_id);

-- What asking the provider found to be other than the books said, and what was put right.
CREATE TABLE collection.differences (
    number     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    found_at   timestamptz NOT NULL DEFAULT now(),
    request_id text        NOT NULL,
    before     text        NOT NULL,
    after      text        NOT NULL,
    amount     bigint      NOT NULL,
    flags      text[]      NOT NULL
);
