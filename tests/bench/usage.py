"""What a load costs: CPU seconds of the service and of PostgreSQL, and the service's memory at its peak."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped, unused-ignore]

from tests.bench.site import Site

SAMPLE_SECONDS = 0.1


@dataclass
class Usage:
    """CPU seconds (user and system, with children) and peak memory, once the load has ended."""

    service_cpu_seconds: float = 0.0
    postgres_cpu_seconds: float = 0.0
    memory_mebibytes: float = 0.0


@contextmanager
def usage_of(site: Site, pid: int) -> Iterator[Usage]:
    """Measure a service, by its process id, while this context lasts."""
    usage = Usage()
    postgres = postmaster_of(site)
    service_before, postgres_before = cpu_seconds(pid), cpu_seconds(postgres)
    with sampled_memory(pid, usage):
        yield usage
    usage.service_cpu_seconds = cpu_seconds(pid) - service_before
    usage.postgres_cpu_seconds = cpu_seconds(postgres) - postgres_before


@contextmanager
def sampled_memory(pid: int, usage: Usage) -> Iterator[None]:
    """Look at a process's memory, children included, every tenth of a second."""
    ended = threading.Event()

    def sample() -> None:
        while True:
            usage.memory_mebibytes = max(usage.memory_mebibytes, memory_mebibytes(pid))
            if ended.wait(SAMPLE_SECONDS):
                return

    sampler = threading.Thread(target=sample, name="memory", daemon=True)
    sampler.start()
    try:
        yield
    finally:
        ended.set()
        sampler.join()


def postmaster_of(site: Site) -> int:
    """The process id of the site's PostgreSQL."""
    with site.connect() as connection:
        return int(psutil.Process(connection.info.backend_pid).ppid())


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and of all its children, those that have ended included."""
    root = psutil.Process(pid)
    ended = root.cpu_times()
    total = float(ended.children_user + ended.children_system)
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def memory_mebibytes(pid: int) -> float:
    """Resident memory of a process and its children; 0 when it has ended."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total / 2**20
