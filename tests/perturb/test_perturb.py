"""What every perturbation must obey, and that the list of kinds is whole."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from dnnsa.arrays import OnHost
from dnnsa.errors import ModelError
from dnnsa.files import digest
from dnnsa.perturb import (
    KINDS,
    Band,
    Brightness,
    Clip,
    Contrast,
    Drift,
    DropoutSegment,
    Elastic,
    FeatureNoise,
    FeatureShift,
    Function,
    Gamma,
    GaussianBlur,
    GaussianNoise,
    Haze,
    Hue,
    ImpulseNoise,
    Jpeg,
    Mask,
    MotionBlur,
    Occlusion,
    Perturbation,
    Pixelation,
    Replace,
    Rotation,
    Saturation,
    Scale,
    Shear,
    ShotNoise,
    TimeShift,
    Translation,
    Warp,
)
from dnnsa.perturb.base import Data

HERE = Path(__file__).parent
ROWS = 6
IMAGES = np.random.default_rng(0).random((ROWS, 5, 7, 3), dtype=np.float32)
TABLE = np.random.default_rng(3).random((ROWS, 6), dtype=np.float32)
SERIES = np.random.default_rng(4).random((ROWS, 9, 2), dtype=np.float32)
INPUTS = {  # what a kind is tried on, if not IMAGES
    **dict.fromkeys(("feature_noise", "feature_shift", "replace"), TABLE),
    **dict.fromkeys(("dropout_segment", "time_shift", "warp", "band", "drift"), SERIES),
}
CASE = np.arange(ROWS, dtype=np.int32)
RNG = np.random.default_rng(1)
VALUES = {
    "angle": RNG.uniform(-90, 90, ROWS),
    "x": RNG.uniform(-2, 2, ROWS),
    "y": RNG.uniform(-2, 2, ROWS),
    "wider": np.linspace(0.4, 2.5, ROWS),
    "higher": np.linspace(1.9, 0.6, ROWS),
    "slant": np.linspace(-0.9, 0.9, ROWS),
    "gamma": np.linspace(0.3, 3, ROWS),
    "delta": RNG.uniform(-1, 1, ROWS),
    "factor": RNG.uniform(0, 2, ROWS),
    "sd": RNG.uniform(0.1, 3, ROWS),
    "block": np.linspace(1.5, 4, ROWS),
    "share": np.linspace(0.1, 0.9, ROWS),
    "seed": np.arange(ROWS),
    "low": RNG.uniform(0, 0.4, ROWS),
    "high": RNG.uniform(0.6, 1, ROWS),
    "cell": RNG.uniform(0, 1, (ROWS, 6)),
    "shift": RNG.uniform(-2, 2, ROWS),
    "start": RNG.uniform(0, 0.5, ROWS),
    "length": RNG.uniform(0.1, 0.5, ROWS),
    "first": RNG.uniform(0, 0.2, ROWS),
    "last": RNG.uniform(0.2, 0.5, ROWS),
    "move": np.linspace(0.5, 6, ROWS),
    "quality": np.linspace(2, 99, ROWS),
    "steps": RNG.uniform(-3, 3, ROWS),
}


def inputs_of(part: Perturbation) -> Any:
    return INPUTS.get(part.kind, IMAGES)


BY_FACTORS: list[Perturbation] = [
    Rotation(angle="angle"),
    Translation(x="x", y="y"),
    Scale(x="wider", y="higher"),
    Shear(x="slant", y="slant"),
    Elastic(amplitude="factor", sd="sd", seed="seed"),
    Gamma(gamma="gamma"),
    Saturation(factor="factor"),
    Hue(angle="angle"),
    Brightness(delta="delta"),
    Contrast(factor="factor"),
    GaussianBlur(sd="sd"),
    MotionBlur(length="move", angle="angle"),
    Jpeg(quality="quality"),
    GaussianNoise(sd="sd", seed="seed"),
    Pixelation(size="block"),
    ShotNoise(amplitude="sd", seed="seed"),
    ImpulseNoise(share="share", seed="seed", low="low", high="high"),
    Occlusion(size="share", x="low", y="high", value="delta"),
    Haze(amount="share", airlight="high"),
    Clip(low="low", high="high"),
    Mask(cells="cell", grid=(2, 3), fill="mean"),
    FeatureNoise(sd="sd", seed="seed"),
    FeatureShift(shift="shift"),
    Replace(share="share", seed="seed"),
    DropoutSegment(start="start", length="length"),
    TimeShift(steps="steps"),
    Warp(amplitude="share", sd="sd", seed="seed"),
    Band(gain="factor", low="first", high="last"),
    Drift(slope="shift", walk="sd", seed="seed"),
    Function(call="shifted:shifted", factors=("delta",)),
]
NEUTRAL: list[Perturbation] = [
    Rotation(angle=0.0),
    Translation(),
    Scale(),
    Shear(),
    Elastic(amplitude=0.0, sd=1.0, seed=3),
    Gamma(gamma=1.0),
    Saturation(factor=1.0),
    Hue(angle=0.0),
    Brightness(delta=0.0),
    Contrast(factor=1.0),
    GaussianBlur(sd=0.0),
    MotionBlur(length=0.0, angle=30.0),
    GaussianNoise(sd=0.0, seed=3),
    Pixelation(size=1.0),
    ShotNoise(amplitude=0.0, seed=3),
    ImpulseNoise(share=0.0, seed=3),
    Occlusion(size=0.0),
    Haze(amount=0.0),
    Clip(low=0.0, high=1.0),
    Mask(cells="whole", grid=(2, 3), fill=7.0),
    FeatureNoise(sd=0.0, seed=3),
    FeatureShift(shift=0.0),
    Replace(share=0.0, seed=3),
    DropoutSegment(start=0.0, length=0.0),
    TimeShift(steps=0.0),
    Warp(amplitude=0.0, sd=1.0, seed=3),
    Band(gain=1.0, low=0.1, high=0.3),
    Drift(),
    Function(call="shifted:shifted"),
]
OF_IMAGES = {
    "rotation",
    "translation",
    "scale",
    "shear",
    "saturation",
    "hue",
    "gaussian_blur",
    "occlusion",
    "mask",
    "pixelation",
    "elastic",
    "motion_blur",
    "jpeg",
}
WHOLE = {"whole": np.ones((ROWS, 6))}  # of a mask, which has no constants
CONSTANT = [part for part in BY_FACTORS if part.kind not in ("mask", "function")]
TRACED = [part for part in BY_FACTORS if part.kind != "function"]
IMAGES_ONLY = [part for part in BY_FACTORS if part.kind in OF_IMAGES]
TABLES_ONLY = [part for part in BY_FACTORS if inputs_of(part) is TABLE]
SERIES_ONLY = [part for part in BY_FACTORS if inputs_of(part) is SERIES]
ANY_SHAPE = [part for part in BY_FACTORS if inputs_of(part) is IMAGES and part not in IMAGES_ONLY]
of_each_kind = pytest.mark.parametrize("part", BY_FACTORS, ids=lambda part: part.kind)


def data(shape: tuple[int, ...] = IMAGES.shape[1:]) -> Data:
    """Of inputs of a shape, with no other array in their file."""

    def none(setting: str, name: str) -> Any:
        raise ModelError(f"{setting}: no array `{name}`")

    entries = np.random.default_rng(2).random((20, *shape), dtype=np.float32)
    return Data(entries, none, HERE, {"call": digest(HERE / "shifted.py")})


def apply(part: Perturbation, inputs: Any, values: dict[str, Any], case: Any = CASE) -> Any:
    tensors = {name: ops.convert_to_tensor(array) for name, array in values.items()}
    return ops.convert_to_numpy(
        part.bind(data(inputs.shape[1:]))(ops.convert_to_tensor(inputs), tensors, ops.convert_to_tensor(case))
    )


def test_every_kind_is_listed_under_its_name() -> None:
    assert {part.kind: type(part) for part in BY_FACTORS} == KINDS


@of_each_kind
def test_a_part_names_the_factors_that_it_reads(part: Perturbation) -> None:
    apply(part, inputs_of(part), {name: VALUES[name] for name in part.factors})
    for missing in part.factors:
        with pytest.raises(KeyError):
            apply(part, inputs_of(part), {name: VALUES[name] for name in part.factors if name != missing})


@of_each_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_and_dtype_are_kept(part: Perturbation, dtype: str) -> None:
    result = apply(part, inputs_of(part).astype(dtype), VALUES)
    assert (result.shape, result.dtype) == (inputs_of(part).shape, np.dtype(dtype))
    assert np.isfinite(result).all()


@pytest.mark.parametrize("part", NEUTRAL, ids=lambda part: part.kind)
def test_the_neutral_strength_gives_the_inputs_back_bit_for_bit(part: Perturbation) -> None:
    assert set(part.factors) <= WHOLE.keys()
    np.testing.assert_array_equal(apply(part, inputs_of(part), WHOLE), inputs_of(part))


@of_each_kind
def test_a_row_does_not_see_its_neighbours(part: Perturbation) -> None:
    inputs = inputs_of(part)
    others, values = inputs[::-1].copy(), {name: array[::-1].copy() for name, array in VALUES.items()}
    others[2], case = inputs[2], CASE[::-1].copy()
    case[2] = CASE[2]
    for name, array in VALUES.items():
        values[name][2] = array[2]
    np.testing.assert_array_equal(apply(part, others, values, case)[2], apply(part, inputs, VALUES)[2])


@of_each_kind
def test_a_row_alone_is_the_row_in_its_batch_to_rounding(part: Perturbation) -> None:
    together = apply(part, inputs_of(part), VALUES)
    alone = apply(part, inputs_of(part)[4:5], {name: array[4:5] for name, array in VALUES.items()}, CASE[4:5])
    np.testing.assert_allclose(alone[0], together[4], atol=2e-6)


@pytest.mark.parametrize("part", TRACED, ids=lambda part: part.kind)
def test_it_can_be_traced_into_one_function(part: Perturbation) -> None:
    inputs = inputs_of(part)
    values = {name: ops.convert_to_tensor(VALUES[name]) for name in part.factors}
    bound = part.bind(data(inputs.shape[1:]))
    assert not isinstance(bound, OnHost)
    traced = tf.function(bound)(ops.convert_to_tensor(inputs), values, ops.convert_to_tensor(CASE))
    np.testing.assert_allclose(ops.convert_to_numpy(traced), apply(part, inputs, VALUES), atol=2e-6)


@pytest.mark.parametrize("part", [part for part in TRACED if part.smooth], ids=lambda part: part.kind)
def test_what_is_smooth_has_the_derivatives_that_its_differences_have(part: Perturbation) -> None:
    """To 2 % of the largest: Keras moves images by float32 coefficients, and pixels have kinks between them."""
    inputs = inputs_of(part).astype(np.float64)
    weights, direction = np.random.default_rng(5).normal(size=(2, *inputs.shape))
    values = {name: ops.convert_to_tensor(VALUES[name]) for name in part.factors}
    bound = part.bind(data(inputs.shape[1:]))
    rest = tuple(range(1, inputs.ndim))

    def total(images: Any, some: dict[str, Any]) -> Any:  # (rows,)
        return ops.sum(bound(images, {**values, **some}, ops.convert_to_tensor(CASE)) * weights, axis=rest)

    def close(slope: Any, step: float, ahead: Any, behind: Any) -> None:
        expected = ops.convert_to_numpy(ahead - behind) / (2 * step)
        np.testing.assert_allclose(slope, expected, rtol=0.02, atol=0.02 * np.abs(expected).max())

    images = ops.convert_to_tensor(inputs)
    floats = {name: tensor for name, tensor in values.items() if tensor.dtype == tf.float64}
    with tf.GradientTape() as tape:
        tape.watch([images, floats])
        whole = ops.sum(total(images, floats))
    by_image, by_factor = tape.gradient(whole, [images, floats])
    close(
        (by_image.numpy() * direction).sum(axis=rest), 1e-4, *(total(inputs + h * direction, {}) for h in (1e-4, -1e-4))
    )
    for name, slope in ((name, ops.convert_to_numpy(slope)) for name, slope in by_factor.items()):
        step = 1e-2 if name == "angle" else 1e-4  # degrees are small
        for column in np.ndindex(slope.shape[1:]):
            one = (slice(None), *column)
            by = np.zeros(slope.shape)
            by[one] = step
            close(slope[one], step, *(total(images, {name: VALUES[name] + h * by}) for h in (1, -1)))


@pytest.mark.parametrize("part", CONSTANT, ids=lambda part: part.kind)
def test_a_constant_is_a_factor_that_does_not_vary(part: Perturbation) -> None:
    keys = [field.name for field in fields(part) if getattr(part, field.name) in part.factors]  # type: ignore[arg-type]
    fixed = replace(part, **{key: VALUES[getattr(part, key)][3].item() for key in keys})  # type: ignore[type-var]
    assert fixed.factors == ()
    same = {name: np.full(ROWS, VALUES[name][3]) for name in part.factors}
    np.testing.assert_array_equal(apply(fixed, inputs_of(part), {}), apply(part, inputs_of(part), same))


@pytest.mark.parametrize("part", IMAGES_ONLY, ids=lambda part: part.kind)
def test_some_kinds_are_for_images_only(part: Perturbation) -> None:
    part.bind(data((8, 8, 3)))
    with pytest.raises(ModelError) as error:
        part.bind(data((8,)))
    assert str(error.value) == (
        f"{part.kind} needs images of shape (height, width, channels), got inputs of shape (8,)."
    )


@pytest.mark.parametrize("part", ANY_SHAPE, ids=lambda part: part.kind)
def test_inputs_of_any_shape_can_be_changed_value_by_value(part: Perturbation) -> None:
    part.bind(data((7,)))
    assert apply(part, IMAGES[:, 0, :, 0], VALUES).shape == (ROWS, 7)


@pytest.mark.parametrize("part", TABLES_ONLY, ids=lambda part: part.kind)
def test_only_tables_have_features(part: Perturbation) -> None:
    with pytest.raises(ModelError) as error:
        part.bind(data((8, 2)))
    assert str(error.value) == (f"{part.kind} needs rows of a table, of shape (features,), got inputs of shape (8, 2).")


@pytest.mark.parametrize("part", SERIES_ONLY, ids=lambda part: part.kind)
def test_only_series_have_steps(part: Perturbation) -> None:
    with pytest.raises(ModelError) as error:
        part.bind(data((8,)))
    assert str(error.value) == f"{part.kind} needs series of shape (steps, channels), got inputs of shape (8,)."
