"""The house: who arrives on which day, and whose turn it is at each moment."""

import heapq
import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

from services.billing.accommodation import DAY, Settings
from services.billing.business_day import day_start
from tests.bench.hotel.desk import SETTINGS, Account, Desk
from tests.bench.hotel.lives import FATES, Fate, Life
from tests.bench.hotel.stay import Stay

ALONE_SHARE = 5 / 7
"""Of the folios, so that a third of the bills is alone: the others hold 2 to 8 of them."""
SHARED_BILLS = (2, 8)
NIGHTS = (1, 1, 1, 2, 2, 3)
ARRIVAL_HOURS, DEPARTURE_HOURS = (9.0, 18.0), (2.0, 7.0)
"""After the beginning of a business day, which begins at 5 in the morning."""
CLOSING_MINUTES = 10
COMPANIES = 40
WEIGHTS = [fate.in_200 for fate in FATES]


class House:
    """One hotel over some days. The log begins with the first business day and ends with the last."""

    def __init__(self, random: Random, desk: Desk, first_day: date, days: int, *, closed: bool) -> None:
        """`closed`: each day is closed on the next morning."""
        self._random = random
        self._desk = desk
        self._days = [first_day + number * DAY for number in range(days)]
        self._end = beginning_of(self._days[-1] + DAY)
        self._closed = closed
        self._numbers = itertools.count(1)
        self._companies = [Account(f"COMPANY-{number}") for number in range(1, COMPANIES + 1)]
        self._waiting: list[tuple[datetime, int, Life]] = []

    def live(self, bills: int) -> Iterator[None]:
        """Live through all days, in which so many bills are made; gives control back after each step."""
        self._desk.set_up()
        if self._closed:
            self._wait(self._closings())
        for number, day in enumerate(self._days):
            self._arrivals(day, bills * (number + 1) // len(self._days) - bills * number // len(self._days))
            yield from self._steps(beginning_of(day + DAY))

    def _arrivals(self, day: date, bills: int) -> None:
        while bills > 0:
            stay = self._stay(day)
            alone = self._random.random() < ALONE_SHARE
            for _ in range(1 if alone else self._random.randint(*SHARED_BILLS)):
                fate = self._fate(bills)
                self._wait(fate.live(stay))
                bills -= fate.bills
                if bills == 0:
                    return

    def _fate(self, bills_max: int) -> Fate:
        [fate] = self._random.choices(FATES, WEIGHTS)
        return fate if fate.bills <= bills_max else FATES[0]

    def _stay(self, day: date) -> Stay:
        arrival = beginning_of(day) + timedelta(hours=self._random.uniform(*ARRIVAL_HOURS))
        morning = beginning_of(day + self._random.choice(NIGHTS) * DAY)
        departure = morning + timedelta(hours=self._random.uniform(*DEPARTURE_HOURS))
        return Stay(
            desk=self._desk,
            random=self._random,
            account=Account(f"F{day:%y%m%d}-{next(self._numbers)}"),
            company=self._random.choice(self._companies),
            arrival=arrival,
            departure=departure,
            until=min(departure, self._end),
        )

    def _closings(self) -> Life:
        for day in self._days:
            yield beginning_of(day + DAY) + timedelta(minutes=CLOSING_MINUTES)
            self._desk.close_day(day)

    def _wait(self, life: Life) -> None:
        """Let a life go on until it waits again, and remember for when."""
        moment = next(life, None)
        if moment is not None and moment < self._end:
            heapq.heappush(self._waiting, (moment, next(self._numbers), life))

    def _steps(self, until: datetime) -> Iterator[None]:
        while self._waiting and self._waiting[0][0] < until:
            moment, _, life = heapq.heappop(self._waiting)
            self._desk.now = max(self._desk.now, moment)
            self._wait(life)
            yield


def beginning_of(day: date) -> datetime:
    """The moment (UTC) at which a business day of the hotel begins."""
    return day_start(day, Settings(**SETTINGS))
