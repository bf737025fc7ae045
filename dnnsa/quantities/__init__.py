"""What is computed from the outputs of each run, one file for each family."""

from dnnsa.quantities.base import Quantity
from dnnsa.quantities.gradient import Gradient
from dnnsa.quantities.output import Output
from dnnsa.quantities.probability import Entropy, Probability

__all__ = ["KINDS", "Entropy", "Gradient", "Output", "Probability", "Quantity"]

KINDS: dict[str, type[Quantity]] = {
    "output": Output,
    "probability": Probability,
    "entropy": Entropy,
    "gradient": Gradient,
}
