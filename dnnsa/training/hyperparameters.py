"""What a hyperparameter may be: a constant, or the name of the factor that it is."""

from collections.abc import Mapping
from typing import Any, NamedTuple

FactorOrNumber = str | float  # a factor's name, or a constant
FactorOrInteger = str | int
FactorOrTruth = str | bool
FactorOrWord = str  # one of a few words, or else a factor's name

ACTIVATIONS = ("relu", "tanh", "sigmoid", "elu", "gelu", "silu", "identity")
NORMALISATIONS = ("none", "batch", "layer")
OPTIMIZERS = ("sgd", "nesterov", "adam", "rmsprop", "adagrad")
INITIALISATIONS = ("glorot", "he", "lecun")


class Sort(NamedTuple):
    """Which values a hyperparameter may have."""

    type: type  # float, int, bool or str
    low: float = float("-inf")
    high: float = float("inf")
    above: bool = False  # `low` itself is not allowed
    below: bool = False  # nor `high`
    words: tuple[str, ...] = ()
    optional: bool = False  # None is a value

    def told(self) -> str:
        """What is asked for, in words."""
        if self.type is str:
            return f"one of {', '.join(self.words)}"
        if self.type is bool:
            return "true or false"
        number = "an integer" if self.type is int else "a number"
        ends = [f"{'above' if self.above else 'of at least'} {self.low:g}"] if self.low > float("-inf") else []
        ends += [f"{'below' if self.below else 'at most'} {self.high:g}"] if self.high < float("inf") else []
        return f"{number} {' and '.join(ends)}".rstrip()

    def allows(self, value: Any) -> bool:
        """Whether a value is one of them."""
        if value is None:
            return self.optional
        if self.type is str:
            return value in self.words
        if self.type is bool:
            return isinstance(value, bool) or value in (0, 1)
        if isinstance(value, str | bool) or (self.type is int and value != int(value)):
            return False
        return not (
            value < self.low
            or value > self.high
            or (self.above and value == self.low)
            or (self.below and value == self.high)
        )

    def is_factor(self, value: Any) -> bool:
        """Whether what a study file says is a factor's name."""
        return isinstance(value, str) and value not in self.words


POSITIVE = Sort(float, low=0, above=True)
NOT_NEGATIVE = Sort(float, low=0)
SHARE = Sort(float, low=0, high=1, above=True)
BELOW_ONE = Sort(float, low=0, high=1, below=True)
COUNT = Sort(int, low=1)
SEED = Sort(int, low=-(2**63), high=2**63 - 1)
TRUTH = Sort(bool)

Sorts = Mapping[str, Sort]  # by the setting, from `model` on


def wrong_constants(sorts: Sorts, given: Mapping[str, Any]) -> list[str]:
    """What is wrong with constants, one sentence each."""
    return [
        f"`{setting}` must be {sorts[setting].told()}, or the name of a factor, got {value}"
        for setting, value in given.items()
        if not sorts[setting].is_factor(value) and not sorts[setting].allows(value)
    ]


def chosen(sorts: Sorts, given: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Each hyperparameter's value in one run.

    Parameters
    ----------
    given
        What the study file says of each.
    values
        Each factor's value in the run.

    Raises
    ------
    ValueError
        A factor gave what the hyperparameter cannot be.
    """
    found = {}
    for setting, said in given.items():
        sort, value = sorts[setting], said
        if sort.is_factor(said):
            value = values[said]
            if value is None or not sort.allows(value):
                raise ValueError(f"model.{setting} must be {sort.told()}, and factor `{said}` gave {value}")
        found[setting] = value if value is None else sort.type(value)
    return found
