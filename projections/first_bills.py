"""The first bill of a chain of transfers, whose days count for all that came of it."""

from projections.entries import NEVER


def first_bills(moved: str) -> str:
    """The parts of a WITH RECURSIVE that end with `first_bill`: of bills, the days of the first of their chains.

    `moved` selects the bills with an origin that are asked about: bill_id, origin_bill_id, added_date, concerned_date.
    Up from them to those that they come from, and down again with the days on which it began: each bill once, however
    long the chain. Without the LIMIT, PostgreSQL would rather read all the entries than look a few bills up.
    """
    return f"""
        ancestor (bill_id, origin_bill_id, added_date, concerned_date) AS (
            {moved}
            UNION
            SELECT ancestor.origin_bill_id, earlier.origin_bill_id, earlier.added_date, earlier.concerned_date
              FROM ancestor JOIN LATERAL (
                  SELECT origin_bill_id, added_date, concerned_date FROM read_model.bill_entries
                   WHERE subject = ancestor.origin_bill_id AND next_position = {NEVER} LIMIT 1) AS earlier ON true),
        first_bill (bill_id, added_date, concerned_date) AS (
            SELECT bill_id, added_date, concerned_date FROM ancestor WHERE origin_bill_id IS NULL
            UNION ALL
            SELECT ancestor.bill_id, first_bill.added_date, first_bill.concerned_date
              FROM first_bill JOIN ancestor ON ancestor.origin_bill_id = first_bill.bill_id)
    """
