"""What every connection to the database is limited by."""

from psycopg.conninfo import conninfo_to_dict

from services.store.connection import NETWORK_LIMITS, with_network_limits


def test_an_address_gets_limits_for_a_network_that_swallows_packets() -> None:
    limited = conninfo_to_dict(with_network_limits("postgresql://folio:s3cret%20@db:5433/hotel?sslmode=require"))
    expected = {"user": "folio", "password": "s3cret ", "host": "db", "port": "5433", "dbname": "hotel"}
    assert limited == {**expected, "sslmode": "require", **{name: str(value) for name, value in NETWORK_LIMITS.items()}}


def test_limits_that_an_operator_chose_stay() -> None:
    limited = conninfo_to_dict(with_network_limits("host=db connect_timeout=30 tcp_user_timeout=0"))
    assert (limited["connect_timeout"], limited["tcp_user_timeout"]) == ("30", "0")
