"""Dear runs of a store that another process writes: how many there are, how fast they come, what they gave."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa import store
from dnnsa.engine import Progress
from dnnsa.engine.seen import Seen
from dnnsa.errors import StoreError
from dnnsa.view.recent import Recent

LATEST = 1000  # runs, the last ones, that a rate is told from


class SeenRuns:
    """The runs of a store that is looked at again and again: each is read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen = Seen("")
        self.read: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # (runs,) whose values are in `seen`
        self.total = 0

    def progress(self, attrs: Mapping[str, Any]) -> Progress | None:
        """How far the runs are, with what they gave; None where there are none, or all are made."""
        states = store.run_states(self.path)
        self.total, done = len(states), int(np.count_nonzero(states != store.NOT_RUN))
        if done == self.total:
            return None
        self._take_in(states, _watched(attrs))
        return Progress(done, self.total, int(np.count_nonzero(states == store.FAILED)), "runs", self.seen.told())

    def rate(self, began: float, now: float) -> float | None:
        """Runs a second, as the process that makes them tells it; None before that can be told.

        Parameters
        ----------
        began, now
            When the study was started, and what time it is, in seconds since 1970.
        """
        ended = np.sort(store.run_times(self.path))
        first, recent = max(0, len(ended) - LATEST), Recent()
        recent.rate(began if not first else float(ended[first]), first, "runs")
        for place in range(first, len(ended)):
            recent.rate(float(ended[place]), place + 1, "runs")
        return recent.rate(now, len(ended), "runs") or None

    def _take_in(self, states: NDArray[np.uint8], quantity: str) -> None:
        if len(states) != len(self.read):
            self.read = np.concatenate([self.read, np.zeros(len(states), dtype=bool)])[: len(states)]
        if quantity != self.seen.quantity:
            self.seen, self.read = Seen(quantity), np.zeros(len(states), dtype=bool)
        new = np.flatnonzero((states == store.DONE) & ~self.read)
        if not quantity or not len(new):
            return
        try:
            values = store.read_run_values(self.path, new, quantity)
        except StoreError:  # of a damaged run whoever needs it will tell
            return
        self.seen = self.seen.and_of(values.tolist())
        self.read[new] = True


def _watched(attrs: Mapping[str, Any]) -> str:
    """The first quantity that is one number a run, as the running process has it; empty if none is."""
    fields = attrs.get("first_run", {}).get("fields", {})
    return next((str(name) for name, (shape, _) in fields.items() if not shape), "")
