"""All views, in the order in which they are described."""

from projections.reporting import bills, house, payments, requests
from projections.reporting.view import View

VIEWS: tuple[View, ...] = (*bills.VIEWS, *payments.VIEWS, *requests.VIEWS, *house.VIEWS)
