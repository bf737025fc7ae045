"""What is computed from the outputs of each run, one file for each family."""

from dnnsa.quantities.activation import Activation
from dnnsa.quantities.base import Quantity
from dnnsa.quantities.classifier import Correct, Logit, Loss, Margin
from dnnsa.quantities.errors import SquaredError
from dnnsa.quantities.function import Function
from dnnsa.quantities.gradient import Gradient
from dnnsa.quantities.output import Output
from dnnsa.quantities.probability import Entropy, Probability

__all__ = [
    "KINDS",
    "Activation",
    "Correct",
    "Entropy",
    "Function",
    "Gradient",
    "Logit",
    "Loss",
    "Margin",
    "Output",
    "Probability",
    "Quantity",
    "SquaredError",
]

KINDS: dict[str, type[Quantity]] = {
    "output": Output,
    "probability": Probability,
    "logit": Logit,
    "margin": Margin,
    "correct": Correct,
    "loss": Loss,
    "entropy": Entropy,
    "squared_error": SquaredError,
    "activation": Activation,
    "function": Function,
    "gradient": Gradient,
}
