"""How fast a study goes now, and not on average since it began: the first networks are compiled, and others are not."""

from collections import deque
from collections.abc import Hashable

OVER = 60.0  # seconds that a rate is measured over, at least
FEWEST = 10  # counts that it is measured by, if there have been so many
WAVE = 0.5  # of the time to the first count: until then the runs that began together count as one wave


class Recent:
    """The rate of what is counted, from the times at which the count rose.

    Runs take long, and the first of them longest: their rate is told when as much time again has passed as it took to
    the first one, and is counted from the first ones on. Of base points it is told at once.
    """

    def __init__(self) -> None:
        self.what: Hashable = None
        self.began, self.done = 0.0, 0
        self.first: float | None = None  # when the count rose first
        self.rises: deque[tuple[float, int]] = deque()  # when, and how much was done then; the rate begins at the first

    def rate(self, now: float, done: int, unit: str, what: Hashable = None) -> float:
        """Of what is counted, a second; 0 while it is not known.

        Parameters
        ----------
        now
            Seconds on any clock that goes forward.
        unit
            Of the count: the rate of ``runs`` leaves out the first ones.
        what
            Is counted: where it is another thing than before, all begins anew.
        """
        if (unit, what) != self.what:
            self.what, self.began, self.first, self.done = (unit, what), now, None, done
            self.rises.clear()
        if not self.rises and unit != "runs":
            self.first = now
            self.rises.append((now, done))
        if done > self.done:
            self.first = now if self.first is None else self.first
            self.rises.append((now, done))
            self.done = done
        return self._now(now)

    def _now(self, now: float) -> float:
        if self.first is None:
            return 0.0
        waited = self.first - self.began  # for the first one
        while len(self.rises) > 1 and self._leaves(now, self.first, waited):
            self.rises.popleft()
        then, before = self.rises[0]
        told = self.done > before and now > then and now - self.first >= waited
        return (self.done - before) / (now - then) if told else 0.0

    def _leaves(self, now: float, first: float, waited: float) -> bool:
        """Whether the rate begins at the second of the rises, since the first is of the first wave, or long ago."""
        then, done = self.rises[1]
        if now - first >= waited > 0 and then <= first + WAVE * waited:
            return True
        return now - then > max(OVER, waited) and self.done - done >= FEWEST
