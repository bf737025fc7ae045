"""What can happen to a nominal input before it reaches the network, one file for each family of operations."""

from dnnsa.perturb.base import Perturbation
from dnnsa.perturb.blur import GaussianBlur
from dnnsa.perturb.function import Function
from dnnsa.perturb.geometry import Rotation, Translation
from dnnsa.perturb.intensity import Brightness, Clip, Contrast
from dnnsa.perturb.mask import Mask
from dnnsa.perturb.noise import GaussianNoise
from dnnsa.perturb.series import DropoutSegment, TimeShift
from dnnsa.perturb.table import FeatureNoise, FeatureShift, Replace

__all__ = [
    "KINDS",
    "Brightness",
    "Clip",
    "Contrast",
    "DropoutSegment",
    "FeatureNoise",
    "FeatureShift",
    "Function",
    "GaussianBlur",
    "GaussianNoise",
    "Mask",
    "Perturbation",
    "Replace",
    "Rotation",
    "TimeShift",
    "Translation",
]

KINDS: dict[str, type[Perturbation]] = {
    "rotation": Rotation,
    "translation": Translation,
    "brightness": Brightness,
    "contrast": Contrast,
    "gaussian_blur": GaussianBlur,
    "gaussian_noise": GaussianNoise,
    "clip": Clip,
    "mask": Mask,
    "feature_noise": FeatureNoise,
    "feature_shift": FeatureShift,
    "replace": Replace,
    "dropout_segment": DropoutSegment,
    "time_shift": TimeShift,
    "function": Function,
}
