"""From a design and the factors' laws to what every run is given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs import Design
from dnnsa.designs.external import External, Table
from dnnsa.errors import ModelError
from dnnsa.factors import Empirical, EmpiricalLaw, Factor, holds, inactive
from dnnsa.files import Digests, verify
from dnnsa.layout import Groups, Layout

Array = NDArray[Any]
Laws = Mapping[str, Factor]


class Points(NamedTuple):
    """The distinct points of consecutive base points of one replicate."""

    replicate: int
    start: int  # number of the first base point in its replicate
    u: Array  # (size, points, p) in the open unit cube
    values: Mapping[str, Array]  # factor -> (size, points), whether it is active or not

    @property
    def size(self) -> int:
        return len(self.u)

    def rows(self, start: int, stop: int) -> "Points":
        """The base points at these offsets."""
        values = {name: array[start:stop] for name, array in self.values.items()}
        return Points(self.replicate, self.start + start, self.u[start:stop], values)

    def take(self, offsets: NDArray[np.int64]) -> "Points":
        """The base points at any offsets, of which ``start`` says nothing."""
        return self._replace(u=self.u[offsets], values={name: array[offsets] for name, array in self.values.items()})


@dataclass(frozen=True, eq=False)
class Draws:
    """A design and laws whose files have been read."""

    design: Design
    laws: Laws
    layout: Layout
    table: Table | None  # of an external design

    @property
    def base_points(self) -> int:
        """Base points of all replicates together."""
        return self.design.base_points if self.table is None else self.table.base_points

    @property
    def replicates(self) -> int:
        return self.design.replicates

    def points(self, replicate: int, start: int, size: int) -> Points:
        """Base points ``start`` to ``start + size``; fewer where the replicate ends before."""
        size = max(0, min(size, self.base_points // self.replicates - start))
        if self.table is not None:
            return Points(
                replicate, start, self.table.unit(replicate, start, size), self.table.values(replicate, start, size)
            )
        u = self.design.points(self.layout.groups, replicate, start, size)
        values = {name: law.ppf(u[..., k]) for k, (name, law) in enumerate(self.laws.items())}
        return Points(replicate, start, u, values)

    def runs(self, points: Points) -> dict[str, Array]:
        """Each factor's values in every run, ``(size, runs)``; the canonical one where it is inactive."""
        arranged = {
            name: self.design.column(k, self.layout.groups, values)
            for k, (name, values) in enumerate(points.values.items())
        }
        return self._settled(arranged)[0]

    def at(self, points: Points) -> dict[str, Array]:
        """Each factor's values at the distinct points, ``(size, points)``, as a run there would get them."""
        return self._settled(points.values)[0]

    def x(self, points: Points) -> Array:
        """Coordinates for estimators that look at the factors, ``(size, points, p)``, whether they are active or not.

        A discrete law has one number for each of its values, the middle of its share.
        """
        columns = [
            law.cdf(points.values[name]) if law.discrete else points.u[..., k]
            for k, (name, law) in enumerate(self.laws.items())
        ]
        return np.stack(columns, axis=-1)

    def active(self, points: Points) -> NDArray[np.bool_]:
        """Where each factor is active, ``(size, points, p)``."""
        return np.stack(list(self._settled(points.values)[1].values()), axis=-1)

    def _settled(self, values: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
        """Values with inactive ones made one, and where each factor is active; what a condition names comes first."""
        settled = dict(values)
        active = {name: np.ones(array.shape, dtype=bool) for name, array in values.items()}
        for name in in_order(self.laws):
            for other, condition in (self.laws[name].when or {}).items():
                active[name] = active[name] & active[other] & holds(condition, settled[other])
            if not active[name].all():
                settled[name] = values[name].copy()
                settled[name][~active[name]] = inactive(self.laws[name])
        return settled, active


def in_order(laws: Laws) -> list[str]:
    """Factors with what their `when` names before them.

    Raises
    ------
    ValueError
        Conditions go round in a circle; the message names it.
    """
    done: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ValueError(f"conditions go round in a circle, {' -> '.join((*path[path.index(name) :], name))}")
        if name in done:
            return
        for other in laws[name].when or {}:
            visit(other, (*path, name))
        done.setdefault(name)

    for name in laws:
        visit(name, ())
    return list(done)


def columns(laws: Laws) -> dict[str, list[str]]:
    """What moves together, by name: a group with its members, or a factor by itself."""
    members: dict[str, list[str]] = {}
    for name, law in laws.items():
        members.setdefault(law.group or name, []).append(name)
    return members


def groups_of(laws: Laws) -> Groups:
    """The number of each factor's group, counted from 0 as they first appear."""
    numbers = {label: number for number, label in enumerate(columns(laws))}
    return tuple(numbers[law.group or name] for name, law in laws.items())


def layout_of(design: Design, laws: Laws) -> Layout:
    """The runs of a base point of these factors."""
    return design.layout(groups_of(laws))._replace(laws=tuple(laws.values()))


def files_of(design: Design, laws: Laws, directory: Path) -> Iterator[tuple[str, Path]]:
    """The files that points are a function of, by the setting that names them.

    Raises
    ------
    ModelError
        A file is missing.
    """
    if isinstance(design, External):
        yield from design.files(directory).items()
    for name, law in laws.items():
        if isinstance(law, Empirical):
            yield from _files(f"factors.{name}", law, directory).items()


def _files(name: str, law: Empirical, directory: Path) -> dict[str, Path]:
    try:
        return {f"{name}.{setting}": path for setting, path in law.files(directory).items()}
    except ModelError as error:
        raise ModelError(f"{name}.{error}") from error


def _loaded(name: str, law: Factor | Empirical, directory: Path, digests: Digests) -> Factor:
    if not isinstance(law, Empirical):
        return law
    for setting, path in _files(name, law, directory).items():
        verify(setting, path, digests)
    try:
        return law.load(directory / law.path)
    except ModelError as error:
        raise ModelError(f"{name}.{error}") from error


def _check_conditions(laws: Laws) -> None:
    """Refuse conditions that no value of a file meets; those on other laws have been checked with the study."""
    for name, law in laws.items():
        for other, condition in (law.when or {}).items():
            parent = laws[other]
            if isinstance(parent, EmpiricalLaw) and not holds(condition, parent.values).any():
                raise ModelError(
                    f"factors.{name}.when.{other}: no value of the file of `{other}`, {parent.values[0]:g} to "
                    f"{parent.values[-1]:g}, meets it: `{name}` would never be active."
                )


def load_draws(design: Design, laws: Laws, directory: Path, digests: Digests) -> Draws:
    """Read the files that a design and laws name.

    Raises
    ------
    ModelError
        A file is missing, damaged or another one, or does not hold what it should.
    """
    loaded = {name: _loaded(f"factors.{name}", law, directory, digests) for name, law in laws.items()}
    _check_conditions(loaded)
    layout = layout_of(design, loaded)
    table = design.load(directory, digests, loaded, layout.groups) if isinstance(design, External) else None
    return Draws(design, loaded, layout, table)
