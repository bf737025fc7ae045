"""What the runs of a base point are, in order: what a design promises and an estimator relies on."""

from typing import Any, Literal, NamedTuple, Protocol

from numpy.typing import NDArray

Groups = tuple[int, ...]  # the number of each factor's group, counted from 0 as they first appear
Pattern = Literal["pick-freeze", "sample", "trajectory"]
PICK_FREEZE: Pattern = "pick-freeze"
SAMPLE: Pattern = "sample"
TRAJECTORY: Pattern = "trajectory"


class Law(Protocol):
    """The distribution of a factor, as far as an estimator may know it."""

    @property
    def kind(self) -> str: ...

    @property
    def discrete(self) -> bool:
        """Whether single values have a probability."""
        ...

    def ppf(self, u: NDArray[Any]) -> NDArray[Any]:
        """Inverse distribution function: coordinates of the open unit interval to values, same shape."""
        ...


class Layout(NamedTuple):
    """The runs of one base point.

    ``pick-freeze``: A, B, E_1 ... E_g and, with second order, C_1 ... C_g, where g is the number of groups, E_k is A
    with group k from B, and C_k is B with group k from A. ``sample``: one run, an independent draw. ``trajectory``:
    g + 1 runs, each of which moves one group, in any order, from the one before it.
    """

    pattern: Pattern
    groups: Groups
    second_order: bool = False
    random: bool = True  # whether base points are independent draws, and not points that fill the cube evenly
    laws: tuple[Law, ...] = ()  # of the factors

    @property
    def columns(self) -> int:
        """How many groups there are: what a run exchanges or moves at once. A factor by itself is a group of one."""
        return max(self.groups) + 1

    @property
    def runs(self) -> int:
        """Runs of one base point."""
        of = {PICK_FREEZE: 2 + self.columns * (2 if self.second_order else 1), SAMPLE: 1, TRAJECTORY: self.columns + 1}
        return of[self.pattern]

    @property
    def independent(self) -> int:
        """How many runs, the first ones, are independent draws of all factors under their laws."""
        return {PICK_FREEZE: 2, SAMPLE: 1, TRAJECTORY: 0}[self.pattern]


def apart(p: int) -> Groups:
    """The groups of p factors each of which is one by itself."""
    return tuple(range(p))
