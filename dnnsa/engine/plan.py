"""How a study is cut: blocks of base points, parts of fields, and what they cost. Arithmetic of the study alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.models.base import Coords
from dnnsa.study import Study

BLOCK = 64  # base points: few enough for balance and progress, enough to hide what a block costs by itself
BLOCK_VALUES = 2**23  # outputs of a block: 64 MiB in float64
PART_BYTES = 2**26  # state of a part of the fields


class Field(NamedTuple):
    """A quantity as the first base point showed it."""

    shape: tuple[int, ...]
    dtype: str
    dims: tuple[str, ...]
    coords: Coords

    @property
    def cells(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def resolution(self) -> float:
        """Machine epsilon of the outputs."""
        dtype = np.dtype(self.dtype)
        return float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)


class Slab(NamedTuple):
    """Rows ``start`` to ``stop`` of a quantity's first dimension; a scalar quantity is one row."""

    quantity: str
    start: int
    stop: int

    def of(self, y: NDArray[Any], axis: int) -> NDArray[Any]:
        """The slab of an array whose dimension ``axis`` is the quantity's first (or that has none)."""
        return y if y.ndim == axis else y[(slice(None),) * axis + (slice(self.start, self.stop),)]

    def shape(self, field: Field) -> tuple[int, ...]:
        return (self.stop - self.start, *field.shape[1:]) if field.shape else ()


Part = tuple[Slab, ...]  # what is merged, finalized and written at once


@dataclass(frozen=True)
class Plan:
    """What a study comes to. ``levels`` halvings take a replicate from its root to its blocks."""

    p: int
    runs: int  # of one base point
    base_points: int
    replicates: int
    block: int  # base points
    levels: int
    fields: Mapping[str, Field]
    parts: tuple[Part, ...]
    cell_bytes: int  # of state, for one cell of a quantity

    @property
    def blocks(self) -> int:
        """Blocks of one replicate, a power of two."""
        return 1 << self.levels

    @property
    def cells(self) -> int:
        return sum(field.cells for field in self.fields.values())

    def lean(self) -> "Plan":
        """The plan without names and coordinates, which may be long and which no task reads."""
        return replace(self, fields={name: field._replace(dims=(), coords={}) for name, field in self.fields.items()})

    @property
    def state_bytes(self) -> int:
        """Bytes of one state of all quantities."""
        return self.cell_bytes * self.cells


def make_plan(study: Study, fields: Mapping[str, Field]) -> Plan:
    """Cut a study whose quantities are ``fields``.

    The size of a block follows from the study and its fields, never from a clock or a number of workers: the tree of
    merges, and so the last bit of every result, hangs on it.
    """
    p = len(study.factors)
    runs = study.design.runs(p)
    share = study.design.base_points // study.design.replicates
    cells = sum(field.cells for field in fields.values())
    block = min(BLOCK, share, 2 ** max(0, (BLOCK_VALUES // (runs * max(cells, 1))).bit_length() - 1))
    cell_bytes = sum(np.asarray(array).nbytes for e in study.estimators for array in e.init(p, ()))
    return Plan(
        p=p,
        runs=runs,
        base_points=study.design.base_points,
        replicates=study.design.replicates,
        block=block,
        levels=(share // block).bit_length() - 1,
        fields=dict(fields),
        parts=_parts(fields, PART_BYTES // cell_bytes),
        cell_bytes=cell_bytes,
    )


def _parts(fields: Mapping[str, Field], cells: int) -> tuple[Part, ...]:
    """Slabs of at most ``cells`` cells (or one row), small neighbours together."""
    parts: list[Part] = []
    room = 0
    for quantity, field in fields.items():
        rows = field.shape[0] if field.shape else 1
        width = max(1, field.cells // max(rows, 1))
        height = max(1, cells // width)
        for start in range(0, rows, height):
            slab = Slab(quantity, start, min(start + height, rows))
            size = (slab.stop - slab.start) * width
            if parts and size <= room:
                parts[-1] = (*parts[-1], slab)
            else:
                parts.append((slab,))
                room = cells
            room -= size
    return tuple(parts)


def blocks_a_task(plan: Plan, seconds: float, slots: int) -> int:
    """The level b of a task of 2^b neighbouring blocks: about two seconds, and four tasks or more for each slot.

    It touches no bit of the result: a task merges its blocks along the tree that they would be merged in anyway.

    Parameters
    ----------
    seconds
        Time of one block.
    slots
        Tasks that run at once.
    """
    level = 0
    while level < plan.levels:
        tasks = plan.replicates * 2 ** (plan.levels - level - 1)
        if seconds * 2 ** (level + 1) > 2.0 or tasks < 4 * slots:
            break
        level += 1
    return level
