"""Model adapters: recipes that workers turn into functions of the factors."""

from dnnsa.models.base import Model
from dnnsa.models.function import Function
from dnnsa.models.keras import Keras

KINDS: dict[str, type[Model]] = {"function": Function, "keras": Keras}

__all__ = ["KINDS", "Function", "Keras", "Model"]
