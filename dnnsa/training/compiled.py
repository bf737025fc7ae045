"""The trainer of the declared networks: epochs, batches and steps in one compiled function.

What changes from run to run is an argument of it: one function serves all runs of one `Program`. A run is computed by
itself, whatever runs stand beside it, so its bits are a function of its own hyperparameters.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from dnnsa.arrays import Tensor
from dnnsa.models.backend import compiled, fused, with_gradients
from dnnsa.training.layers import Architecture, Averages, Shape, Weights, forward
from dnnsa.training.optimizers import STEPS, Rates
from dnnsa.training.seeds import DROPOUT, derived

CHUNK = 1024  # entries that are evaluated at once
PROGRAMS = 512  # compiled functions that a process keeps


class Program(NamedTuple):
    """What a function is compiled for."""

    shape: Shape
    batch: int  # padded
    classes: bool  # cross-entropy of classes, or squared error of values


class Hyper(NamedTuple):
    """Hyperparameters of a run, as tensors ()."""

    architecture: Architecture
    optimizer: Tensor  # int32
    momentum: Tensor
    beta_1: Tensor
    beta_2: Tensor
    l2: Tensor
    weight_decay: Tensor
    batch: Tensor  # int32
    size: Tensor  # int32, of the training data
    seed: tuple[Tensor, Tensor]  # uint32 words


class State(NamedTuple):
    """A training between two epochs."""

    step: Tensor  # int32, how many are done
    weights: tuple[Weights, ...]
    averages: tuple[Averages, ...]
    first: tuple[Weights, ...]  # slots of the optimizer
    second: tuple[Weights, ...]


class Ahead(NamedTuple):
    """Some epochs to be made."""

    count: Tensor  # int32, how many of the rows below
    order: Tensor  # (rows, entries + batch) int32, of which the first `size` count
    rate: Tensor  # (rows,) float32, learning rates


Part = tuple[Tensor, Tensor]  # inputs (entries, *shape), and their classes or values
Epochs = Callable[[State, Hyper, Part, Part, Ahead], tuple[State, Tensor]]


@lru_cache(maxsize=PROGRAMS)
def epochs(program: Program) -> Epochs:
    """The function that makes some epochs.

    It takes the state before, hyperparameters, training and validation data, and what is ahead. It gives the state
    after, and for each epoch the losses and shares of errors of training and validation data, (rows, 4): of the former
    as they were met, while the weights moved.
    """

    def run(state: State, hyper: Hyper, training: Part, validation: Part, ahead: Ahead) -> tuple[State, Tensor]:
        from keras import ops

        rows = ahead.order.shape[0]

        def goes_on(done: Tensor, *_: Any) -> Tensor:
            return done < ahead.count

        def one(done: Tensor, now: State, found: Tensor) -> tuple[Any, ...]:
            order, rate = ops.take(ahead.order, done, axis=0), ops.take(ahead.rate, done, axis=0)
            now, metrics = _epoch(program, now, hyper, training, validation, order, rate)
            own = ops.arange(rows, dtype="int32") == done
            return done + 1, now, ops.where(own[:, None], metrics[None, :], found)

        _, state, found = ops.while_loop(goes_on, one, (ops.zeros((), "int32"), state, ops.zeros((rows, 4), "float32")))
        return state, found

    return fused(run) if program.shape.kind == "mlp" else compiled(run)  # whose convolutions XLA makes slowly on a CPU


def _epoch(
    program: Program, state: State, hyper: Hyper, training: Part, validation: Part, order: Tensor, rate: Tensor
) -> tuple[State, Tensor]:
    """One epoch, and its four metrics."""
    from keras import ops

    batches = (hyper.size + hyper.batch - 1) // hyper.batch
    zero = ops.zeros((), "float32")

    def goes_on(batch: Tensor, *_: Any) -> Tensor:
        return batch < batches

    def step(batch: Tensor, now: State, loss: Tensor, wrong: Tensor) -> tuple[Any, ...]:
        after, more, errors_more = _step(program, now, hyper, training, order, batch, rate)
        return batch + 1, after, loss + more, wrong + errors_more

    _, state, loss, wrong = ops.while_loop(goes_on, step, (ops.zeros((), "int32"), state, zero, zero))
    size = ops.cast(hyper.size, "float32")
    return state, ops.stack([loss / size, wrong / size, *_tested(program, state, hyper, validation)])


def _step(
    program: Program, now: State, hyper: Hyper, training: Part, order: Tensor, batch: Tensor, rate: Tensor
) -> tuple[State, Tensor, Tensor]:
    """One batch, with its sums of losses and errors; its last rows only fill it where it is smaller than compiled."""
    from keras import ops

    place = ops.arange(program.batch, dtype="int32")
    start = batch * hyper.batch
    rows = ops.take(order, start + place, axis=0)  # a slice would have XLA compile anew for each batch size
    real = ops.cast(ops.logical_and(place < hyper.batch, place + start < hyper.size), "float32")
    inputs, truth = (ops.take(array, rows, axis=0) for array in training)
    key = derived(hyper.seed, DROPOUT, now.step)
    count = ops.sum(real)

    def loss(weights: tuple[Weights, ...]) -> tuple[Tensor, tuple[Any, ...]]:
        outputs, averages = forward(program.shape, weights, now.averages, hyper.architecture, inputs, real, key)
        each = losses(program.classes, outputs, truth)
        total = ops.sum(real * each)
        penalty = sum(ops.sum(ops.square(layer.kernel)) for layer in weights)
        return total / count + hyper.l2 * penalty, (
            averages,
            total,
            ops.sum(real * errors(program.classes, outputs, truth)),
        )

    gradients, (averages, total, wrong) = with_gradients(loss, now.weights)
    step = now.step + 1
    by = Rates(rate, hyper.momentum, hyper.beta_1, hyper.beta_2, ops.cast(step, "float32"))
    weights, first, second = _updated(hyper, now, gradients, by)
    return State(step, weights, averages, first, second), total, wrong


def _updated(hyper: Hyper, now: State, gradients: Any, by: Rates) -> Any:
    """Weights and slots after a step of the optimizer that the run has."""
    from keras import ops, tree

    decayed = [w - w * hyper.weight_decay * by.rate for w in tree.flatten(now.weights)]
    flat = (decayed, *(tree.flatten(one) for one in (gradients, now.first, now.second)))

    def of(one: Any) -> Callable[..., Any]:
        def all_variables(*operands: Any) -> tuple[tuple[Tensor, ...], ...]:
            return tuple(zip(*(one(*each, by) for each in zip(*operands, strict=True)), strict=True))

        return all_variables

    moved = ops.switch(hyper.optimizer, [of(one) for one in STEPS.values()], *flat)
    return tuple(tree.pack_sequence_as(now.weights, list(one)) for one in moved)


# evaluating -----------------------------------------------------------------------------------------------------------


def losses(classes: bool, outputs: Tensor, truth: Tensor) -> Tensor:
    """Of each row, ``(rows,)``: cross-entropy in nats, or mean squared error."""
    from keras import ops

    if not classes:
        return ops.mean(ops.square(outputs - truth), axis=-1)
    chosen = ops.take_along_axis(outputs, truth[:, None], axis=-1)[:, 0]
    return ops.logsumexp(outputs, axis=-1) - chosen


def errors(classes: bool, outputs: Tensor, truth: Tensor) -> Tensor:
    """1 where the class is another, ``(rows,)`` float32; 0 of values."""
    from keras import ops

    if not classes:
        return ops.zeros((outputs.shape[0],), "float32")
    return ops.cast(ops.not_equal(ops.cast(ops.argmax(outputs, axis=-1), "int32"), truth), "float32")


def _tested(program: Program, state: State, hyper: Hyper, part: Part) -> list[Tensor]:
    """Mean loss and share of errors over a part of the data, some entries at once."""
    from keras import ops

    inputs, truth = part
    entries = inputs.shape[0]
    size = min(entries, CHUNK)

    def chunk(done: Tensor, loss: Tensor, wrong: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        start = ops.minimum(done, entries - size)
        new = ops.cast(ops.arange(size, dtype="int32") + start >= done, "float32")  # those not seen before
        outputs, _ = forward(
            program.shape, state.weights, state.averages, hyper.architecture, _cut(inputs, start, size)
        )
        known = _cut(truth, start, size)
        loss = loss + ops.sum(new * losses(program.classes, outputs, known))
        return done + size, loss, wrong + ops.sum(new * errors(program.classes, outputs, known))

    zero = ops.zeros((), "float32")
    _, loss, wrong = ops.while_loop(lambda done, *_: done < entries, chunk, (ops.zeros((), "int32"), zero, zero))
    return [loss / entries, wrong / entries]


def _cut(array: Tensor, start: Tensor, size: int) -> Tensor:
    from keras import ops

    rest = tuple(array.shape[1:])
    return ops.slice(array, (start, *(ops.zeros_like(start) for _ in rest)), (size, *rest))
