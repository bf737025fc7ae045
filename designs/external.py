"""A table of runs that was made elsewhere: by SALib, by OpenTURNS, by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs import cells
from dnnsa.designs.base import Points
from dnnsa.designs.cells import READERS, SETTING, Column, Law
from dnnsa.designs.dependence import dependent
from dnnsa.designs.rows import Order, arranged, miscounted, misfit, rows_of
from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify
from dnnsa.layout import PICK_FREEZE, SAMPLE, Groups, Layout
from dnnsa.settings import settings

OPEN = np.array([2.0**-53, 1 - 2.0**-53])  # the ends of coordinates: the unit interval is open
BY_CHANCE = 1e-9  # probability below which a column of one value is no accident
GRID = (np.arange(1024) + 0.5) / 1024


@dataclass(frozen=True, eq=False)
class Table:
    """The base points of a table, with exactly the values of its file."""

    replicates: int
    columns: Mapping[str, NDArray[Any]]  # factor -> (base_points, points)
    u: Points  # (base_points, points, p)

    @property
    def base_points(self) -> int:
        """Base points of all replicates together, any multiple of `replicates`."""
        return len(self.u)

    def values(self, replicate: int, start: int, size: int) -> dict[str, NDArray[Any]]:
        """Each factor's values at the distinct points of some base points, ``(size, points)``; fewer past the end."""
        rows = self._rows(replicate, start, size)
        return {name: column[rows] for name, column in self.columns.items()}

    def unit(self, replicate: int, start: int, size: int) -> Points:
        """Their coordinates, ``(size, points, p)``: what each law's distribution function says of them.

        A value at an end of its law is as near to that end as a coordinate in the open unit interval is.
        """
        return self.u[self._rows(replicate, start, size)]

    def _rows(self, replicate: int, start: int, size: int) -> slice:
        share = self.base_points // self.replicates
        first, last = min(start, share), min(start + size, share)
        return slice(replicate * share + first, replicate * share + last)


@settings
class External:
    """A table of factor values that was made elsewhere, a row a run, in the order of SALib or of OpenTURNS.

    The values are used as they stand. Rows of ``pick-freeze`` are held against what they should be: a table that was
    made with second order and is read without it is refused, and so is one whose columns depend on each other.

    Of p groups of factors and n base points, ``salib`` has the p + 2 runs of each base point together,
    ``A, E_1 .. E_p, B``, and with second order 2p + 2, ``A, E_1 .. E_p, C_1 .. C_p, B``. ``openturns`` has n rows of
    each run together, ``A, B, E_1 .. E_p`` and with second order ``C_1 .. C_p``, which it leaves out of two factors.
    """

    kind: Literal["external"] = "external"
    path: str
    """A .csv file with a header of factors' names, or an .npy file with a column a factor, relative to the study."""
    pattern: Literal["pick-freeze", "sample"]
    """What the rows are: runs that exchange columns between two points, or independent draws."""
    order: Order = "salib"
    """The order of the rows of a pick-freeze table: `salib`, base point by base point, or `openturns`, run by run."""
    second_order: bool = False
    """Whether a pick-freeze table has the runs of second order: 2p + 2 a base point instead of p + 2."""
    replicates: int = 1
    """Consecutive equal parts, for intervals, of a table of independent draws only: parts of one Sobol' sequence are
    not independent of each other. 1 gives no intervals."""

    def __post_init__(self) -> None:
        if Path(self.path).suffix not in READERS:
            raise ValueError(f"`path` must end in .csv or .npy, got path: {self.path}")
        if self.replicates < 1:
            raise ValueError(f"`replicates` must be at least 1, got {self.replicates}")
        if self.pattern == SAMPLE and (self.second_order or self.order != "salib"):
            name, value = ("second_order", "true") if self.second_order else ("order", self.order)
            raise ValueError(f"`{name}` is for `pattern: pick-freeze`, got `{name}: {value}`: leave it out")

    def layout(self, groups: Groups) -> Layout:
        # Parts that are independent of each other are told by `replicates`; a table of one part may be a sequence.
        return Layout(self.pattern, groups, self.second_order, random=self.replicates > 1)

    def begins_with(self, groups: Groups, base_points: int) -> bool:
        return False  # another table is another study

    def column(self, factor: int, groups: Groups, values: NDArray[Any]) -> NDArray[Any]:
        """Values of one factor at the distinct points, ``(size, points)``, arranged by run, ``(size, runs)``."""
        return arranged(factor, groups, values, self.second_order) if self.pattern == PICK_FREEZE else values

    def files(self, directory: Path) -> Mapping[str, Path]:
        """The file, by the setting that names it.

        Raises
        ------
        ModelError
            It is missing.
        """
        path = directory / self.path
        if not path.is_file():
            raise ModelError(f"{SETTING}: there is no file {path}: give the path of a table from the study file.")
        return {SETTING: path}

    def load(self, directory: Path, digests: Digests, laws: Mapping[str, Law], groups: Groups) -> Table:
        """Read the table that the study was started with.

        Raises
        ------
        ModelError
            The file is another one or damaged, its columns are not the factors, a cell is no value of its factor, the
            rows are not what the settings say, or columns depend on each other.
        """
        path = directory / self.path
        verify(SETTING, path, digests)
        columns = cells.read(path, laws)
        rows = self._independent(path, columns, laws, groups)  # (base_points, points)
        u = np.stack([np.clip(column.u, *OPEN)[rows] for column in columns.values()], axis=-1)
        values = {name: column.values[rows] for name, column in columns.items()}
        if len(u) % self.replicates:
            raise ModelError(
                f"design.replicates: must divide the {len(u)} base points of {path}, got {self.replicates}: use 1, "
                "which gives no intervals, or a divisor."
            )
        _check_varies(path, values, laws)
        _check_independence(path, u, tuple(laws), groups)
        for array in (u, *values.values()):
            array.setflags(write=False)
        return Table(self.replicates, values, u)

    def _independent(
        self, path: Path, columns: Mapping[str, Column], laws: Mapping[str, Law], groups: Groups
    ) -> NDArray[np.intp]:
        """Which rows are the distinct points of each base point, ``(base_points, points)``."""
        count = len(next(iter(columns.values())).u)
        if self.pattern == SAMPLE:
            return np.arange(count)[:, None]
        # One number for each value: of a discrete law the middle of its share, as text and truth do not compare.
        told = {name: column.u if laws[name].discrete else column.values for name, column in columns.items()}
        rows = rows_of(count, groups, self.order, self.second_order)
        if rows is None:
            raise ModelError(f"{SETTING}: {miscounted(path, count, groups, self.order, self.second_order)}")
        problem = misfit(path, told, rows, groups, self.second_order)
        if problem is not None:
            raise ModelError(f"{SETTING}: {problem}")
        return rows[:, :2]


def _check_varies(path: Path, values: Mapping[str, NDArray[Any]], laws: Mapping[str, Law]) -> None:
    for name, column in values.items():
        flat = column.ravel()
        if len(flat) > 1 and all(value == flat[0] for value in flat[1:]):
            probability = float(np.mean(laws[name].ppf(GRID) == flat[0]))
            if probability ** (len(flat) - 1) < BY_CHANCE:
                raise ModelError(
                    f"{SETTING}: column `{name}` of {path} is `{flat[0]}` in every run: a factor varies; leave it out "
                    "of the factors and of the table."
                )


def _check_independence(path: Path, u: Points, names: tuple[str, ...], groups: Groups) -> None:
    pair = dependent(u, groups)
    if pair is None:
        return
    left, right = names[pair.left], names[pair.right]
    told = f"rank correlation {pair.correlation:.3f} over {len(u)} base points"
    if pair.across:
        where = f"column `{left}`" if left == right else f"columns `{left}` of A and `{right}` of B"
        raise ModelError(
            f"{SETTING}: {where} of {path} {'is' if left == right else 'are'} not independent in A and B, {told}: draw "
            "A and B as the 2p columns of one sequence, not one after the other nor of two sequences nor of each "
            "other; if they are, take more base points."
        )
    raise ModelError(
        f"{SETTING}: columns `{left}` and `{right}` of {path} depend on each other, {told}: Sobol' indices are of "
        "independent factors; put dependent ones in one `group`, whose index is of them together; of one Sobol' "
        "sequence of many columns, take more base points."
    )
