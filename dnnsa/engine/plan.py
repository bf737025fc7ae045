"""How a study is cut: blocks of base points, parts of fields, and what they cost. Arithmetic of the study alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.draws import Draws
from dnnsa.estimators import Estimator
from dnnsa.layout import Layout
from dnnsa.models.base import Coords

BLOCK = 64  # base points: few enough for balance and progress, enough to hide what a block costs by itself
BLOCK_VALUES = 2**29  # outputs of a block: 4 GiB in float64, in a file if they are more than `MEMORY_VALUES`
SLICE_VALUES = 2**23  # outputs that are asked of the model at once: 64 MiB in float64
MEMORY_VALUES = 2**25  # outputs of a block that are kept in memory: 256 MiB in float64
SPILLED_BYTES = 2**27  # a state of all quantities that is larger lives in files
NOT_OF_NUMPY = {"bfloat16": 2.0**-7}  # real numbers that NumPy does not know as such, and their machine epsilon
TASK = 2.0  # seconds of a task, so that its loss is cheap and progress is seen
DASK_TASK = 0.002  # seconds that the client needs for a task of Dask: docs/scale.md
PART_BYTES = 2**27  # states of all replicates of a part of the fields: they meet in one worker


def is_real(dtype: np.dtype[Any]) -> bool:
    """Whether outputs are real numbers; truth values and integers are, as 0, 1 and the like in float64."""
    return dtype.kind in "biuf" or dtype.name in NOT_OF_NUMPY


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
        if self.dtype in NOT_OF_NUMPY:
            return NOT_OF_NUMPY[self.dtype]
        dtype = np.dtype(self.dtype)
        return max(2.0**-52, float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps))


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

    runs: int  # of one base point
    base_points: int
    replicates: int
    block: int  # base points
    at_once: int  # base points of a block whose runs are asked of the model at once
    levels: int
    fields: Mapping[str, Field]
    parts: tuple[Part, ...]
    cell_bytes: Mapping[str, int]  # of state, for one cell of a quantity
    in_files: bool  # states live in files, one for each part, and no process ever holds all of one
    scratch: bool  # the outputs of a block wait in a file until they are reduced, part by part

    @property
    def blocks(self) -> int:
        """Blocks of one replicate, a power of two; the last ones may be short or empty."""
        return 1 << self.levels

    def count(self, level: int, number: int) -> int:
        """How many base points the blocks ``number 2^level`` to ``(number + 1) 2^level - 1`` of a replicate hold."""
        return self.span(level, number)[1]

    def span(self, level: int, number: int) -> tuple[int, int]:
        """The first base point of these blocks, by its number in the replicate, and how many there are."""
        size = self.block << level
        return number * size, max(0, min(size, self.base_points // self.replicates - number * size))

    @property
    def cells(self) -> int:
        return sum(field.cells for field in self.fields.values())

    @property
    def tasks_a_leaf(self) -> int:
        """Tasks of Dask: the blocks and, for each part, a merge; in memory also a report and each part's state."""
        return 1 + len(self.parts) if self.in_files else 2 + 2 * len(self.parts)

    def slab_bytes(self, slab: "Slab") -> int:
        """Bytes of the state of a slab."""
        return self.cell_bytes[slab.quantity] * math.prod(slab.shape(self.fields[slab.quantity]))

    def lean(self) -> "Plan":
        """The plan without names and coordinates, which may be long and which no task reads."""
        return replace(self, fields={name: field._replace(dims=(), coords={}) for name, field in self.fields.items()})

    @property
    def state_bytes(self) -> int:
        """Bytes of one state of all quantities."""
        return sum(self.cell_bytes.get(name, 0) * field.cells for name, field in self.fields.items())


def estimators_of(estimators: Sequence[Estimator], quantity: str) -> tuple[Estimator, ...]:
    """Those that are estimated of a quantity."""
    return tuple(e for e in estimators if e.of is None or quantity in e.of)


def make_plan(draws: Draws, estimators: Sequence[Estimator], fields: Mapping[str, Field]) -> Plan:
    """Cut a study whose quantities are ``fields``.

    The size of a block follows from the study and its fields, never from a clock or a number of workers: the tree of
    merges, and so the last bit of every result, hangs on it. A study of more base points has the same blocks, once a
    replicate has `BLOCK` of them.
    """
    runs = draws.layout.runs
    share = draws.base_points // draws.replicates
    values = runs * max(sum(field.cells for field in fields.values()), 1)  # of a base point
    block = min(BLOCK, _power_of_two_below(share), _power_of_two_below(BLOCK_VALUES // values))
    cell_bytes = {name: _cell_bytes(estimators_of(estimators, name), draws.layout) for name in fields}
    reduced = {name: (fields[name], size) for name, size in cell_bytes.items() if size}
    return Plan(
        runs=runs,
        base_points=draws.base_points,
        replicates=draws.replicates,
        block=block,
        at_once=min(block, _power_of_two_below(SLICE_VALUES // values)),
        levels=(-(-share // block) - 1).bit_length(),
        fields=dict(fields),
        parts=_parts(reduced, PART_BYTES // draws.replicates),
        cell_bytes=cell_bytes,
        in_files=sum(size * fields[name].cells for name, size in cell_bytes.items()) > SPILLED_BYTES,
        scratch=block * values > MEMORY_VALUES,
    )


def _power_of_two_below(number: int) -> int:
    return 1 << max(0, number.bit_length() - 1)


def _cell_bytes(estimators: Sequence[Estimator], layout: Layout) -> int:
    return sum(np.asarray(array).nbytes for e in estimators for array in e.init(layout, ()))


def _parts(fields: Mapping[str, tuple[Field, int]], most: int) -> tuple[Part, ...]:
    """Slabs of at most ``most`` bytes of state (or one row), small neighbours together."""
    parts: list[Part] = []
    room = 0
    for quantity, (field, cell_bytes) in fields.items():
        rows = field.shape[0] if field.shape else 1
        width = max(1, field.cells // max(rows, 1)) * cell_bytes  # bytes of a row
        height = max(1, most // width)
        for start in range(0, rows, height):
            slab = Slab(quantity, start, min(start + height, rows))
            size = (slab.stop - slab.start) * width
            if parts and size <= room:
                parts[-1] = (*parts[-1], slab)
            else:
                parts.append((slab,))
                room = most
            room -= size
    return tuple(parts)


def window(slots: int) -> int:
    """How many tasks are out at a time: one that runs and one that waits in each slot of the cluster."""
    return max(4, 2 * slots)


def blocks_a_task(plan: Plan, seconds: float, slots: int) -> int:
    """The level b of a task of 2^b neighbouring blocks: two seconds at most, and four tasks or more for each slot.

    With hundreds of slots the client and the scheduler would set the pace. So tasks may be as long as leaves these two
    half idle, and are never so short that handing them out takes longer than the work, of all slots or of all blocks.

    It touches no bit of the result: a task merges its blocks along the tree that they would be merged in anyway. Where
    states live in files a task takes one block, whose states are the least that can be written.

    Parameters
    ----------
    seconds
        Time of one block.
    slots
        Tasks that run at once.
    """
    if plan.in_files:
        return 0
    handed_out = DASK_TASK * plan.tasks_a_leaf  # seconds of the client for a leaf
    work = seconds * plan.replicates * plan.blocks
    longest = max(TASK, 2 * slots * handed_out)
    shortest = math.sqrt(handed_out * min(slots**2 * handed_out, work))  # sqrt: fewest seconds of both, one by one
    level = 0
    while level < plan.levels:
        task, tasks = seconds * 2**level, plan.replicates * 2 ** (plan.levels - level - 1)
        if task >= shortest and (2 * task > longest or tasks < 4 * slots):
            break
        level += 1
    return level
