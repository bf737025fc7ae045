"""Where tasks run, so that what fails in one place can be tried in another before it is believed."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from distributed import Client
from distributed.comm import get_address_host

from dnnsa.engine.limits import worker_here
from dnnsa.engine.report import Reporter

STRIKES = 2  # tasks that fail in one place and do not in another, before nothing more is sent there


class Place(NamedTuple):
    """A worker, by the name that it keeps when its process is started again, and its host."""

    host: str
    worker: str


def place() -> Place:
    """Where this task runs."""
    worker = worker_here()
    return Place("", "") if worker is None else Place(get_address_host(worker.address), str(worker.name))


def places(client: Client) -> dict[str, Place]:
    """The cluster's workers, by address."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return {address: Place(get_address_host(address), str(told["name"])) for address, told in workers.items()}


def elsewhere(workers: Mapping[str, Place], been: frozenset[Place]) -> list[str]:
    """Addresses of workers on hosts where a task has not been; where there are none, other workers of these hosts."""
    hosts = {one.host for one in been}
    others = [address for address, one in workers.items() if one.host not in hosts]
    return others or [address for address, one in workers.items() if one not in been]


class Trust:
    """Which places have failed with what another one did."""

    def __init__(self, client: Client, reporter: Reporter) -> None:
        self.client, self.reporter, self.strikes = client, reporter, Counter[Place]()

    def strike(self, place: Place) -> None:
        """A task has failed in a place and not in another one: when that happens again, the place is sent no more."""
        self.strikes[place] += 1
        bad = [address for address, one in places(self.client).items() if one == place]
        if self.strikes[place] >= STRIKES and bad:
            self.reporter.say(
                f"warning: worker {place.worker} on host {place.host} fails with every run and others do not: it is "
                "sent nothing more"
            )
            self.client.retire_workers(bad)
