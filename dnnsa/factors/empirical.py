"""The law of a sample: values of a column of a file, each as likely as often as it stands there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from dnnsa.errors import ModelError
from dnnsa.factors.base import Array, Shared, Unit, Values, check_shared
from dnnsa.factors.columns import READERS
from dnnsa.factors.scalars import numbers
from dnnsa.settings import settings


@dataclass(frozen=True, kw_only=True, eq=False)
class EmpiricalLaw(Shared):
    """The law of a sample of n numbers: a factor, like those that need no file."""

    values: Array  # (n,) sorted, with repetitions

    kind: ClassVar[str] = "empirical"
    discrete: ClassVar[bool] = True

    def ppf(self, u: Unit) -> Values:
        n = len(self.values)
        return np.asarray(self.values[np.minimum(np.floor(u * n), n - 1).astype(np.int64)])

    def cdf(self, values: Values) -> Array:
        x = numbers(values).astype(np.float64)
        below, up_to = (np.searchsorted(self.values, x, side=side) for side in ("left", "right"))
        return np.asarray(np.where(below < up_to, (below + up_to) / (2 * len(self.values)), np.nan))


@settings
class Empirical(Shared):
    """One of the numbers of a column of a file, each as likely as often as it stands there.

    The inverse of the empirical distribution function: nothing is smoothed and nothing lies beyond the data. Values are
    float64. A law only once its file is loaded.
    """

    kind: Literal["empirical"] = "empirical"
    path: str
    """A .csv file with a header and commas, or an .npy file, relative to the study file."""
    column: str | int | None = None
    """Name of the column of a .csv, number of the column of an .npy, from 0; may be left out if there is only one."""

    discrete: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_shared(self)
        suffix = Path(self.path).suffix
        if suffix not in READERS:
            raise ValueError(f"`path` must end in .csv or .npy, got path: {self.path}")
        if suffix == ".csv" and isinstance(self.column, int):
            raise ValueError(f"`column` must be a name in the header of a .csv file, got column: {self.column}")
        if suffix == ".npy" and isinstance(self.column, str):
            raise ValueError(f"`column` must be a number, from 0, for an .npy file, got column: {self.column}")
        if isinstance(self.column, int) and self.column < 0:
            raise ValueError(f"`column` must be 0 or more, got column: {self.column}")

    def files(self, directory: Path) -> Mapping[str, Path]:
        """The file, by the setting of this factor that names it: ``path``.

        Raises
        ------
        ModelError
            It is missing. The message begins with the setting, to be put after the name of the factor.
        """
        path = directory / self.path
        if not path.is_file():
            raise ModelError(
                f"path: there is no file {path}: give the path of a .csv or .npy file from the study file."
            )
        return {"path": path}

    def load(self, path: Path) -> EmpiricalLaw:
        """The law of the file, whose digest has been verified.

        Raises
        ------
        ModelError
            The file is damaged, has no such column, or the column is not of at least two different finite numbers. The
            message begins with the setting, to be put after the name of the factor.
        """
        values = np.sort(READERS[path.suffix](path, self.column))
        if not len(values) or values[0] == values[-1]:
            raise ModelError(
                f"path: {path} must hold at least two different values, got {len(values)} "
                f"{'value' if len(values) == 1 else 'values'}"
                f"{f', all {values[0]:g}' if len(values) > 1 else ''}: a factor varies."
            )
        values.setflags(write=False)
        return EmpiricalLaw(values=values, unit=self.unit, group=self.group, when=self.when, count=self.count)
