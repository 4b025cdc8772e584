"""Columns that several reports have."""

from projections.report import Column

BUSINESS_DATE = Column("business_date", "date", "The business day on which it was recorded")
CONCERNED_DATE = Column("concerned_date", "date", "The business day that it concerns")
FOLIO = Column("folio_id", "text", "The folio")
BILL = Column("bill_id", "text", "The bill")
BILL_CODE = Column("bill_code", "text", "The bill's code")
BILL_NAME = Column("name", "text", "The bill's name as it was then")
BILL_STATUS = Column("status", "text", "The bill's status then: OPEN, SETTLED, TRANSFERRED, CANCELLED or DELETED")
ACTOR = Column("actor", "text", "Who did it: the PMS user, or the key when the request named nobody")
REASON = Column("reason", "text", "Why, if it was said")
METHOD = Column("payment_method", "text", "How it was paid")
RECORDED_AT = Column("recorded_at", "time", "When it was recorded")
