-- Events that a read model cannot take, and those of the same folio that wait behind them, in order.
-- `folio` is the event's folio, or its stream when it has none; `reason` is null for an event that only waits.
CREATE TABLE read_model.parked (
    read_model text        NOT NULL,
    position   bigint      NOT NULL,
    folio      text        NOT NULL,
    reason     text,
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (read_model, position)
);

CREATE INDEX parked_of_folio ON read_model.parked (read_model, folio, position);
CREATE INDEX parked_that_failed ON read_model.parked (read_model) WHERE reason IS NOT NULL;

-- Where read models are built while the others serve, and how far that has come. Nothing in it is ever missed.
DROP SCHEMA IF EXISTS read_model_beside CASCADE;
CREATE SCHEMA read_model_beside;
CREATE TABLE read_model_beside.positions (LIKE read_model.positions INCLUDING ALL);
CREATE TABLE read_model_beside.definitions (LIKE read_model.definitions INCLUDING ALL);
CREATE TABLE read_model_beside.parked (LIKE read_model.parked INCLUDING ALL);

-- What is being loaded folio by folio: how far each read model is in an order, which is a table of its own there.
CREATE TABLE read_model_beside.loads (
    name          text   PRIMARY KEY,
    reading_order text   NOT NULL,
    until         bigint NOT NULL,
    reached       bigint NOT NULL
);
