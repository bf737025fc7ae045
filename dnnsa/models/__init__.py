"""Model adapters: recipes that workers turn into functions of the factors, or of inputs that factors perturb."""

from dnnsa.models.base import FactorModel, InputModel, Model
from dnnsa.models.function import Function
from dnnsa.models.keras import Keras
from dnnsa.models.predictor import Predictor

OF_FACTORS = (Function,)
OF_INPUTS = (Keras, Predictor)
KINDS: dict[str, type[Model]] = {"function": Function, "keras": Keras, "predictor": Predictor}

__all__ = ["KINDS", "OF_FACTORS", "OF_INPUTS", "FactorModel", "Function", "InputModel", "Keras", "Model", "Predictor"]
