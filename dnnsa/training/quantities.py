"""What is computed of a training: numbers, curves over epochs and maps over the test data."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.training.behaviour import Features, Thresholds, features, skill
from dnnsa.training.data import Loaded
from dnnsa.training.history import TRAIN_ERROR, TRAIN_LOSS, VALIDATION_ERROR, VALIDATION_LOSS, History

Array = NDArray[np.float64]
BINS = 15  # of the calibration error, of equal width
TINY = float(np.finfo(np.float32).tiny)


class Ended(NamedTuple):
    """A training that has ended, with what it is measured by."""

    history: History
    data: Loaded
    horizon: int
    threshold: float
    curves: Array  # (4, horizon): the last value where there are no more epochs, the guess's from where it diverged
    outputs: Array  # (test entries, outputs), the guess's if it diverged
    guess: Array  # (4,) metrics of a network that has learnt nothing


def ended(history: History, data: Loaded, horizon: int, threshold: float) -> Ended:
    """A training, a diverged one being worth what a network is that has learnt nothing.

    Such a network gives, for every input, the share of each class in the training data, or the mean of the targets.
    """
    known = nothing_learnt(data)
    curves = np.full((4, horizon), np.nan)
    done = history.curves.shape[1]
    curves[:, :done] = history.curves
    curves[:, done:] = history.curves[:, -1:]
    if history.diverged:
        bad = ~np.isfinite(history.curves).all(axis=0)
        first = int(np.argmax(bad)) if bad.any() else done - 1
        curves[:, first:] = known[:, None]
    outputs = np.broadcast_to(guessed(data), history.outputs.shape) if history.diverged else history.outputs
    return Ended(history, data, horizon, threshold, curves, outputs, known)


def guessed(data: Loaded) -> Array:
    """What a network gives that has learnt nothing: log shares of the classes, or means, ``(outputs,)``."""
    truth = data.training.truth
    if not data.classes:
        return np.asarray(truth.mean(axis=0, dtype=np.float64))
    counts = np.bincount(truth, minlength=data.classes)
    return np.asarray(np.log((counts + 1) / (counts.sum() + data.classes)))  # no class is impossible


def nothing_learnt(data: Loaded) -> Array:
    """Metrics of a network that has learnt nothing, ``(4,)`` as the rows of the curves: its skill is 0."""
    guess = guessed(data)
    return np.ravel([measure(part.truth, guess, data.classes) for part in (data.training, data.validation)])


def measure(truth: NDArray[Any], outputs: Array, classes: int) -> tuple[float, float]:
    """Mean loss and share of errors of outputs, ``(outputs,)`` or ``(entries, outputs)``."""
    outputs = np.broadcast_to(outputs, (len(truth), outputs.shape[-1]))
    if not classes:
        return float(np.square(outputs - truth).mean()), 0.0
    of_truth = np.take_along_axis(outputs, truth[:, None].astype(np.int64), axis=1)
    return float(-of_truth.mean()), float((outputs.argmax(axis=1) != truth).mean())


def _kept(row: int) -> Callable[[Ended], float]:
    """A metric with the weights that count in the end."""
    return lambda one: float(one.curves[row, -1] if one.history.diverged else one.history.end[row])


def _log10_loss(one: Ended) -> float:
    return float(np.log10(max(measure(one.data.test.truth, one.outputs, one.data.classes)[0], TINY)))


def _epochs_to(one: Ended) -> float:
    """Epochs until the validation loss, or error, is at the threshold; one more than there may be if it never is."""
    row = VALIDATION_ERROR if one.data.classes else VALIDATION_LOSS
    reached = one.curves[row] <= one.threshold
    return float(np.argmax(reached) + 1 if reached.any() else one.horizon + 1)


def _features(one: Ended) -> Features:
    """Of the skill by the validation error, of targets by the validation loss; each is an array of one run."""
    row = VALIDATION_ERROR if one.data.classes else VALIDATION_LOSS
    curves = skill(one.curves[row : row + 1], float(one.guess[row]))
    return features(curves, np.array([one.history.curves.shape[1]]))


def _of_skill(name: str) -> Callable[[Ended], float]:
    return lambda one: float(getattr(_features(one), name)[0])


def _epochs_to_half(one: Ended) -> float:
    """The first epoch with half of the best skill; one more than there may be if nothing was ever learnt."""
    found = _features(one)
    return float(found.t50[0] if found.best[0] >= Thresholds().learnt else one.horizon + 1)


def _calibration(one: Ended) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over bins of confidence."""
    probability = np.exp(one.outputs)
    sure, right = probability.max(axis=1), probability.argmax(axis=1) == one.data.test.truth
    which = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    apart = np.bincount(which, weights=right - sure, minlength=BINS)
    return float(np.abs(apart).sum() / len(sure))


def _true(one: Ended) -> Array:
    truth = one.data.test.truth.astype(np.int64)[:, None]
    return np.exp(np.take_along_axis(one.outputs, truth, axis=1)[:, 0])


class Quantity(NamedTuple):
    """One quantity of a training."""

    of: Callable[[Ended], Any]
    dims: tuple[str, ...] = ()
    of_classes: bool = False  # whether it needs labels


QUANTITIES: dict[str, Quantity] = {
    "error": Quantity(lambda one: measure(one.data.test.truth, one.outputs, one.data.classes)[1], of_classes=True),
    "loss": Quantity(lambda one: measure(one.data.test.truth, one.outputs, one.data.classes)[0]),
    "log10_loss": Quantity(_log10_loss),
    "validation_error": Quantity(_kept(VALIDATION_ERROR), of_classes=True),
    "validation_loss": Quantity(_kept(VALIDATION_LOSS)),
    "best_validation_error": Quantity(lambda one: float(one.curves[VALIDATION_ERROR].min()), of_classes=True),
    "best_validation_loss": Quantity(lambda one: float(one.curves[VALIDATION_LOSS].min())),
    "best_epoch": Quantity(lambda one: float(one.curves[VALIDATION_LOSS].argmin() + 1)),
    "epochs_made": Quantity(lambda one: float(one.history.curves.shape[1])),
    "epochs_to": Quantity(_epochs_to),
    "skill_best": Quantity(_of_skill("best")),
    "skill_final": Quantity(_of_skill("final")),
    "skill_area": Quantity(_of_skill("area")),
    "skill_lost": Quantity(_of_skill("skill_lost")),
    "epochs_to_half": Quantity(_epochs_to_half),
    "calibration_error": Quantity(_calibration, of_classes=True),
    "parameters": Quantity(lambda one: float(one.history.parameters)),
    "diverged": Quantity(lambda one: float(one.history.diverged)),
    "train_loss_curve": Quantity(lambda one: one.curves[TRAIN_LOSS], ("epoch",)),
    "train_error_curve": Quantity(lambda one: one.curves[TRAIN_ERROR], ("epoch",), of_classes=True),
    "validation_loss_curve": Quantity(lambda one: one.curves[VALIDATION_LOSS], ("epoch",)),
    "validation_error_curve": Quantity(lambda one: one.curves[VALIDATION_ERROR], ("epoch",), of_classes=True),
    "p_true": Quantity(_true, ("case",), of_classes=True),
    "predictions": Quantity(lambda one: np.exp(one.outputs) if one.data.classes else one.outputs, ("case", "output")),
}
