"""How trainings went: features of their skill over the epochs, and a class by written rules.

Skill is 0 for a network that has learnt nothing and 1 for a perfect one, whatever the loss is measured in. Features are
what is analysed; a class is a label, and the rule for late learners is dnnsa's own.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.errors import ModelError
from dnnsa.settings import settings

Array = NDArray[np.float64]
CLASSES = (
    "diverged",
    "never-learner",
    "collapser",
    "late-learner",
    "over-fitter",
    "still-learning",
    "fast-learner",
    "steady-learner",
)
NONE = -1  # no class: too few epochs to tell
FEWEST = 4  # epochs of a curve whose last quarter is one of them


@settings
class Thresholds:
    """Where one class ends and another begins."""

    learnt: float = 0.05
    """Skill that a network must have at its best, or it never learnt."""
    collapse: float = 0.5
    """Share of its best skill of which a collapser has lost more in the end."""
    late: float = 0.5
    """Share of the epochs asked for after which a late learner has half of its best skill."""
    overfit: float = 0.1
    """Share of its best skill of which an over-fitter has lost more in the end."""
    rising: float = 0.05
    """Share of its best skill that as many epochs again would add to a network that is still learning."""
    fast: float = 0.1
    """Share of the epochs asked for within which a fast learner has nine tenths of its best skill."""
    skill_threshold: float = 0.5
    """Skill that `to_skill` is the time to, 1 at most; no class depends on it."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
                raise ValueError(f"`{name}` must be a number above 0, got {value}")
        if self.skill_threshold > 1:
            raise ValueError(f"`skill_threshold` must be 1, which is perfect, or less, got {self.skill_threshold}")

    def around(self) -> Iterator[tuple[str, "Thresholds"]]:
        """These, and those in which one that moves a class is half or twice as large, each with what was changed."""
        yield "as given", self
        for name, value in asdict(self).items():
            if name == "skill_threshold":
                continue
            for factor in (0.5, 2.0):
                yield f"{name} {factor * value:g}", replace(self, **{name: factor * value})


class Features(NamedTuple):
    """Of each run, ``(runs,)``; NaN where there is none. Epochs count from 1, and skill is smoothed but for the noise.

    Those of a curve that is not finite are all NaN.
    """

    best: Array  # skill, the largest
    final: Array  # skill after the last epoch that was made
    t10: Array  # the first epoch with 10 % of the best skill; NaN unless that is above 0
    t50: Array
    t90: Array
    area: Array  # mean skill of the epochs that were made
    end_slope: Array  # skill an epoch, by least squares over the last quarter of the epochs made, two at least
    skill_lost: Array  # best - final
    noise: Array  # median absolute deviation of the skill's differences from epoch to epoch
    to_skill: Array  # the first epoch with the skill of `skill_threshold`, NaN if there is none


def skill(measured: NDArray[Any], guess: float) -> Array:
    """Skill of losses or shares of errors, any shape: 1 - measured / guess.

    Of a mean squared error that is the share of the variance explained, of a cross-entropy the share of the nats that
    the classes' shares leave open, and of errors (accuracy - chance) / (1 - chance).

    Parameters
    ----------
    guess
        What a network has that has learnt nothing.

    Raises
    ------
    ModelError
        Such a network makes no error: there is nothing to be better than.
    """
    if not guess > 0:
        raise ModelError(
            f"model.data: no skill can be told: a network that has learnt nothing has the loss or error {guess:g} on "
            "the validation data; they need more than one class or value."
        )
    return np.asarray(1 - np.asarray(measured, dtype=np.float64) / guess)


def smoothed(curves: Array) -> Array:
    """Running medians of 3 of curves ``(runs, epochs)``; the first and the last epoch stay as they are."""
    out = curves.copy()
    if curves.shape[1] > 2:
        out[:, 1:-1] = np.median(np.stack([curves[:, :-2], curves[:, 1:-1], curves[:, 2:]]), axis=0)
    return out


def features(
    curves: Array, made: NDArray[np.integer], skill_threshold: float = Thresholds().skill_threshold
) -> Features:
    """Features of skill.

    Parameters
    ----------
    curves
        Skill after each epoch, ``(runs, epochs)``.
    made
        How many epochs each run made, ``(runs,)``, 1 or more: what a curve has beyond them is not looked at.
    skill_threshold
        Skill that `to_skill` is the time to.
    """
    found = np.full((len(Features._fields), len(curves)), np.nan)
    for length in np.unique(made):
        rows = np.flatnonzero(made == length)
        rows = rows[np.isfinite(curves[rows, :length]).all(axis=1)]
        found[:, rows] = _of_length(curves[rows, :length], skill_threshold)
    return Features(*found)


def classify(
    found: Features,
    made: NDArray[np.integer],
    budget: NDArray[np.integer],
    diverged: NDArray[np.bool_],
    thresholds: Thresholds,
) -> NDArray[np.int64]:
    """The class of each run, ``(runs,)``: its place in `CLASSES`, of the first rule that holds.

    `NONE` where a run that learnt something made fewer than four epochs: that is too few for the rest of the rules.

    Parameters
    ----------
    made, budget
        Epochs that each run made, and those that it was asked for, ``(runs,)``.
    diverged
        Whether something was not finite, ``(runs,)``: curves may not show it.
    """
    best, lost, gone = found.best, found.skill_lost, diverged | ~np.isfinite(found.best)
    rules = [
        gone,
        best < thresholds.learnt,
        lost > thresholds.collapse * best,
        found.t50 > thresholds.late * budget,
        lost > thresholds.overfit * best,
        found.end_slope * budget > thresholds.rising * best,
        found.t90 <= thresholds.fast * budget,
    ]
    which = np.select(rules, list(range(len(rules))), len(rules))
    return np.where(~gone & (best >= thresholds.learnt) & (made < FEWEST), NONE, which)


def _of_length(curves: Array, skill_threshold: float) -> Array:
    """Features of finite curves ``(runs, epochs)`` that have no more epochs, ``(features, runs)``."""
    smooth, epochs = smoothed(curves), curves.shape[1]
    best, final = smooth.max(axis=1), smooth[:, -1]
    reached = [np.argmax(smooth >= share * best[:, None], axis=1) + 1.0 for share in (0.1, 0.5, 0.9)]
    times = [np.where(best > 0, one, np.nan) for one in reached]
    to_skill = np.where(best >= skill_threshold, np.argmax(smooth >= skill_threshold, axis=1) + 1.0, np.nan)
    steps = np.diff(curves, axis=1)
    noise = np.full(len(curves), np.nan)
    if epochs > 1:
        noise = np.median(np.abs(steps - np.median(steps, axis=1, keepdims=True)), axis=1)
    return np.stack([best, final, *times, smooth.mean(axis=1), _slope(smooth), best - final, noise, to_skill])


def _slope(smooth: Array) -> Array:
    """By least squares over the last quarter, two epochs at least; NaN of one epoch."""
    epochs = smooth.shape[1]
    if epochs < 2:
        return np.full(len(smooth), np.nan)
    last = max(2, -(-epochs // 4))
    time = np.arange(last) - (last - 1) / 2
    return np.asarray(smooth[:, -last:] @ time / (time @ time))
