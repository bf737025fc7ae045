"""One training of a declared network: epochs in a compiled function, and all that is between them here."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.training.checkpoint import Keep
from dnnsa.training.compiled import CHUNK, Ahead, Hyper, Program, State, epochs
from dnnsa.training.data import Loaded, Part, training_size
from dnnsa.training.data import subset as subset_of
from dnnsa.training.history import History
from dnnsa.training.hyperparameters import ACTIVATIONS, OPTIMIZERS
from dnnsa.training.layers import Architecture, Shape, forward, initial, padded, parameters
from dnnsa.training.optimizers import first_slot
from dnnsa.training.seeds import orders, words
from dnnsa.training.stopping import Course
from dnnsa.training.twin import twin

ROWS = 10  # epochs that one call makes, where nothing is decided between them
Chosen = Mapping[str, Any]  # hyperparameters of a run, by setting


class Now(NamedTuple):
    """A training between two epochs, with what is known of it."""

    state: State
    course: Course
    kept: tuple[Any, ...]  # weights and averages of the best epoch, if they are restored


class Declared:
    """Trains networks of a family on one set of data, which is on the device once."""

    def __init__(self, kind: str, kernel: int, data: Loaded, restore: bool) -> None:
        self.kind, self.kernel, self.data, self.restore = kind, kernel, data, restore
        self.training, self.validation, self.test = (_on_device(part) for part in data[:3])

    def shape(self, chosen: Chosen) -> Shape:
        """What a compiled function is made for, of a run."""
        return Shape(
            kind=self.kind,
            inputs=tuple(self.data.training.inputs.shape[1:]),
            outputs=self.data.outputs,
            layers=chosen["network.layers"],
            width=padded(chosen["network.width"]),
            normalisation=chosen["network.normalisation"],
            dropout=chosen["network.dropout"] > 0,
            skip=chosen["network.skip"],
            kernel=self.kernel,
        )

    def train(self, chosen: Chosen, keep: Keep) -> History:
        """One training from its first epoch to its last, or from where an attempt before was when it ended."""
        shape = self.shape(chosen)
        now = self._resumed(keep, self._start(chosen, shape))
        patience, gain = chosen.get("early_stopping.patience", np.inf), chosen.get("early_stopping.minimum_gain", 0.0)
        size = training_size(self.data, chosen)
        batch = min(chosen["batch_size"], size)
        program, order = Program(shape, padded(batch), self.data.classes > 0), _Order(self.data, chosen, size, batch)
        hyper, last = self._hyper(chosen, shape, batch, size), chosen["epochs"]
        rows = 1 if "early_stopping.patience" in chosen else ROWS
        while now.course.goes_on(last, patience):
            done = len(now.course.curves)
            until = min(last, done + rows, (done // keep.every + 1) * keep.every if keep.every else last)
            ahead = order.ahead(done, until, rows)
            state, metrics = epochs(program)(now.state, hyper, self.training, self.validation, ahead)
            course = now.course
            for row in np.asarray(_numpy(metrics), dtype=np.float64)[: until - done].tolist():
                course = course.after(tuple(row), gain) if course.goes_on(last, patience) else course
            kept = (state.weights, state.averages) if self.restore and course.is_best else now.kept
            now = Now(state, course, kept)
            if keep.every and until % keep.every == 0:
                keep.write(_arrays(now))
        keep.remove()
        return self._history(now, hyper, shape, chosen)

    def _start(self, chosen: Chosen, shape: Shape) -> Now:
        from keras import tree

        weights, averages = initial(shape, chosen["network.width"], chosen["network.initialisation"], chosen["seed"])
        second = np.float32(first_slot(chosen["optimizer"]))
        state = State(
            step=np.int32(0),
            weights=weights,
            averages=averages,
            first=tree.map_structure(np.zeros_like, weights),
            second=tree.map_structure(lambda w: np.full_like(w, second), weights),
        )
        state = tree.map_structure(_tensor, state)
        return Now(state, Course(), (state.weights, state.averages) if self.restore else ())

    def _resumed(self, keep: Keep, start: Now) -> Now:
        """Where an attempt before was, or the start."""
        from keras import tree

        found = keep.read()
        if found is None:
            return start
        *tensors, curves, rest = found
        state, kept = tree.pack_sequence_as((start.state, start.kept), [_tensor(one) for one in tensors])
        best, best_epoch, reference, stale = rest.tolist()
        course = Course(tuple(map(tuple, curves.T.tolist())), best, int(best_epoch), reference, int(stale))
        return Now(state, course, kept)

    def _hyper(self, chosen: Chosen, shape: Shape, batch: int, size: int) -> Hyper:
        from keras import tree

        f, i, width = np.float32, np.int32, chosen["network.width"]
        architecture = Architecture(
            mask=(np.arange(shape.width) < width).astype(f),
            units=f(width),
            activation=i(ACTIVATIONS.index(chosen["network.activation"])),
            dropout=f(chosen["network.dropout"]),
        )
        rates = {name: f(chosen[name]) for name in ("momentum", "beta_1", "beta_2", "l2", "weight_decay")}
        hyper = Hyper(
            architecture=architecture,
            optimizer=i(OPTIMIZERS.index(chosen["optimizer"])),
            batch=i(batch),
            size=i(size),
            seed=tuple(words(chosen["seed"])),
            **rates,
        )
        return tree.map_structure(_tensor, hyper)  # type: ignore[no-any-return]

    def _history(self, now: Now, hyper: Hyper, shape: Shape, chosen: Chosen) -> History:
        from keras import tree

        weights, averages = now.kept if self.restore else (now.state.weights, now.state.averages)
        inputs = self.test[0]
        pieces = [
            forward(shape, weights, averages, hyper.architecture, inputs[at : at + CHUNK])[0]
            for at in range(0, inputs.shape[0], CHUNK)
        ]
        outputs = np.concatenate([np.asarray(_numpy(one), dtype=np.float64) for one in pieces])
        curves = now.course.array()
        diverged = not (np.isfinite(curves).all() and np.isfinite(outputs).all())
        kept = now.course.best_epoch if self.restore else curves.shape[1] - 1
        classes, count = self.data.classes, parameters(shape, chosen["network.width"])

        def network() -> Any:
            layers, kept_of_data = tree.map_structure(_numpy, (weights, averages))
            return twin(shape, layers, kept_of_data, chosen, classes > 0)

        return History(curves, curves[:, kept], told(outputs, classes), count, diverged, network)


class _Order:
    """In which order the training data come, and at which learning rate, in each epoch."""

    def __init__(self, data: Loaded, chosen: Chosen, size: int, batch: int) -> None:
        self.own = subset_of(chosen["data.subset_seed"], data.training.size)[:size]
        self.seed = chosen["seed"] if chosen["order_seed"] is None else chosen["order_seed"]
        self.rate, self.decay = chosen["learning_rate"], chosen["decay"]
        self.length = data.training.size + padded(batch)

    def ahead(self, start: int, stop: int, rows: int) -> Ahead:
        """Epochs ``start`` to ``stop``, of which there are ``rows`` at most."""
        order = np.zeros((rows, self.length), np.int32)
        order[: stop - start, : len(self.own)] = self.own[orders(self.seed, range(start, stop), len(self.own))]
        rates = self.rate * self.decay ** np.arange(start, start + rows, dtype=np.float64)
        return Ahead(_tensor(np.int32(stop - start)), _tensor(order), _tensor(rates.astype(np.float32)))


def told(outputs: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Log probabilities of logits; values as they are."""
    if not classes:
        return outputs
    with np.errstate(all="ignore"):  # of what has diverged
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _arrays(now: Now) -> list[NDArray[Any]]:
    """What a checkpoint holds."""
    from keras import tree

    rest = np.array([now.course.best, now.course.best_epoch, now.course.reference, now.course.stale])
    return [*(np.asarray(_numpy(one)) for one in tree.flatten((now.state, now.kept))), now.course.array(), rest]


def _on_device(part: Part) -> tuple[Any, Any]:
    return _tensor(part.inputs), _tensor(part.truth)


def _tensor(array: Any) -> Any:
    from keras import ops

    return ops.convert_to_tensor(array)


def _numpy(tensor: Any) -> Any:
    from keras import ops

    return ops.convert_to_numpy(tensor)
