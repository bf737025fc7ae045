"""Model adapters: recipes that workers turn into functions of the factors, or of inputs that factors perturb."""

from dnnsa.models.base import FactorModel, InputModel, Model
from dnnsa.models.executable import Executable
from dnnsa.models.function import Function
from dnnsa.models.keras import Keras
from dnnsa.models.onnx import Onnx
from dnnsa.models.predictor import Predictor
from dnnsa.models.recorded import Recorded
from dnnsa.models.savedmodel import SavedModel
from dnnsa.models.sklearn import Sklearn
from dnnsa.models.torch import Torch

OF_FACTORS = (Function, Executable, Recorded)
OF_INPUTS = (Keras, Onnx, Predictor, SavedModel, Sklearn, Torch)
KINDS: dict[str, type[Model]] = {
    "function": Function,
    "executable": Executable,
    "recorded": Recorded,
    "keras": Keras,
    "onnx": Onnx,
    "predictor": Predictor,
    "savedmodel": SavedModel,
    "sklearn": Sklearn,
    "torch": Torch,
}

__all__ = [
    "KINDS",
    "OF_FACTORS",
    "OF_INPUTS",
    "Executable",
    "FactorModel",
    "Function",
    "InputModel",
    "Keras",
    "Model",
    "Onnx",
    "Predictor",
    "Recorded",
    "SavedModel",
    "Sklearn",
    "Torch",
]
