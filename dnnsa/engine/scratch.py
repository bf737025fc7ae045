"""The outputs of a block until they are reduced: in memory, or in a file of the worker's where they are large."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dnnsa.engine.limits import worker_here
from dnnsa.engine.plan import Plan, Slab, estimators_of
from dnnsa.estimators import Estimator

Array = NDArray[Any]


class Outputs(Protocol):
    """A block's outputs, added by a few base points at a time and read by slab."""

    def add(self, outputs: Mapping[str, Array]) -> None:
        """Outputs of the next base points, ``(size, runs, *shape)`` for each quantity."""
        ...

    def read(self, slab: Slab, name: str) -> Array:
        """A slab's cells of its own quantity or of one beside it, ``(base points, runs, ...)``."""
        ...


class InMemory:
    """Outputs of a block, whole."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.outputs = plan, dict[str, list[Array]]()

    def add(self, outputs: Mapping[str, Array]) -> None:
        for name, y in outputs.items():
            self.outputs.setdefault(name, []).append(y)

    def read(self, slab: Slab, name: str) -> Array:
        if len(self.outputs[name]) > 1:
            self.outputs[name] = [np.concatenate(self.outputs[name])]
        return cut(slab, self.outputs[name][0], self.plan)


class _Region(NamedTuple):
    """Where in the file the base points of a slab lie, one after the other."""

    start: int  # bytes
    shape: tuple[int, ...]  # of one base point, (runs, ...)
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape)) * self.dtype.itemsize


class InFile:
    """Outputs of a block in a file, so that no more than a slab of them is in memory at once."""

    def __init__(self, plan: Plan, estimators: Sequence[Estimator], file: IO[bytes]) -> None:
        self.plan, self.file, self.added, self.end = plan, file, 0, 0
        self.names = {slab: _read_for(estimators, slab) for part in plan.parts for slab in part}
        self.regions: dict[tuple[Slab, str], _Region] = {}

    def add(self, outputs: Mapping[str, Array]) -> None:
        for slab, names in self.names.items():
            for name in names:
                y = cut(slab, outputs[name], self.plan)
                region = self._region(slab, name, y.shape[1:])
                self.file.seek(region.start + self.added * region.size)
                self.file.write(np.ascontiguousarray(y, dtype=region.dtype).data)
        self.added += len(next(iter(outputs.values())))

    def read(self, slab: Slab, name: str) -> Array:
        region = self.regions[slab, name]
        self.file.seek(region.start)
        y = np.fromfile(self.file, region.dtype, self.added * region.size // region.dtype.itemsize)
        return y.reshape(self.added, *region.shape)

    def _region(self, slab: Slab, name: str, shape: tuple[int, ...]) -> _Region:
        if (slab, name) not in self.regions:
            single = self.plan.fields[name].resolution >= np.finfo(np.float32).eps
            region = _Region(self.end, shape, np.dtype(np.float32 if single else np.float64))
            self.regions[slab, name] = region
            self.end += self.plan.block * region.size
        return self.regions[slab, name]


@contextmanager
def scratch(plan: Plan, estimators: Sequence[Estimator]) -> Iterator[Outputs]:
    """A place for the outputs of a block, gone afterwards whatever happens to the process."""
    if not plan.scratch:
        yield InMemory(plan)
        return
    worker = worker_here()
    with tempfile.TemporaryFile(dir=worker.local_directory if worker else None) as file:
        yield InFile(plan, estimators, file)


def cut(slab: Slab, y: Array, plan: Plan) -> Array:
    """A slab of a quantity, or of one that has a dimension of factors before those of the slab's."""
    return slab.of(y, y.ndim - len(plan.fields[slab.quantity].shape))


def _read_for(estimators: Sequence[Estimator], slab: Slab) -> list[str]:
    """Quantities that are read for a slab: its own, and those beside it."""
    beside = [name for e in estimators_of(estimators, slab.quantity) for name in e.beside]
    return list(dict.fromkeys([slab.quantity, *beside]))
