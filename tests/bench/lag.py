"""How far the read models are behind the log while bills are added over 32 connections."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from tests.bench.failing import CannotMeasure
from tests.bench.results import Effort, Figure, Measurement
from tests.bench.rounds import described, percentile, take_round
from tests.bench.site import Site, opened_site
from tests.bench.writing import CONNECTIONS, adding_over

SAMPLE_SECONDS = 0.1
SELECT_LAG = """
    SELECT max(head.position - model.notification_id) AS events,
           coalesce(max(extract(epoch FROM clock_timestamp() - oldest.recorded_at)), 0)::float8 AS seconds
      FROM ledger.log_head AS head
     CROSS JOIN read_model.positions AS model
      LEFT JOIN ledger.events AS oldest
        ON oldest.notification_id = model.notification_id + 1 AND model.notification_id < head.position
"""


@dataclass(frozen=True)
class Sample:
    """The read model that is furthest behind: by events, and by the age of the oldest that it has not applied."""

    at: float
    events: int
    seconds: float


def measure(effort: Effort) -> Measurement:
    """One load as long as all rounds of another. Raises CannotMeasure."""
    loading = adding_over(CONNECTIONS)
    with opened_site(effort.folder) as site, site.folio() as folio:
        effort.say("warming folio up")
        loading(folio, min(effort.seconds, 2))
        with sampled_lag(site) as samples:
            load = take_round(site, folio, loading, 1, effort.seconds * effort.rounds)
        effort.say(described(load, 1))
    if not load.counts or not samples:
        raise CannotMeasure(f"the load does not count: {load.refused} requests were refused")
    return Measurement(
        "lag",
        "Read models behind the log",
        f"{CONNECTIONS} connections add bills at {load.per_second:,.0f}/s for {effort.seconds * effort.rounds} seconds;"
        " every 100 ms the read model that is furthest behind",
        figures_of_lag(samples),
        [{**load.kept, "samples": [asdict(sample) for sample in samples]}],
    )


@contextmanager
def sampled_lag(site: Site) -> Iterator[list[Sample]]:
    """Samples, taken every tenth of a second while this context lasts."""
    samples: list[Sample] = []
    ended = threading.Event()

    def sample() -> None:
        begun = time.monotonic()
        with site.connect() as connection:
            while not ended.wait(SAMPLE_SECONDS):
                events, seconds = connection.execute(SELECT_LAG).fetchone() or (0, 0.0)
                samples.append(Sample(time.monotonic() - begun, int(str(events)), float(str(seconds))))

    sampler = threading.Thread(target=sample, name="lag", daemon=True)
    sampler.start()
    try:
        yield samples
    finally:
        ended.set()
        sampler.join()


def figures_of_lag(samples: Sequence[Sample]) -> list[Figure]:
    """Percentiles of all samples and of either half: a lag that grows shows as a later half above the earlier."""
    middle = len(samples) // 2
    figures = []
    for of, part in (("whole", samples), ("first half", samples[:middle]), ("second half", samples[middle:])):
        if part:
            seconds, events = [one.seconds for one in part], [float(one.events) for one in part]
            figures += [
                Figure(
                    "age of the oldest not applied, p50", "s", of, percentile(seconds, 50), min(seconds), max(seconds)
                ),
                Figure(
                    "age of the oldest not applied, p99", "s", of, percentile(seconds, 99), min(seconds), max(seconds)
                ),
                Figure("events not applied, p50", "", of, percentile(events, 50), min(events), max(events)),
                Figure("events not applied, p99", "", of, percentile(events, 99), min(events), max(events)),
            ]
    return figures
