-- Where each read model stands in the log; its rows and its position are written in one transaction.
CREATE SCHEMA IF NOT EXISTS read_model;

CREATE TABLE read_model.positions (
    application_name text   PRIMARY KEY,
    notification_id  bigint NOT NULL
);

-- What each read model's tables were made from: another definition means another table, filled from event 0.
CREATE TABLE read_model.definitions (
    name   text  PRIMARY KEY,
    digest bytea NOT NULL
);
