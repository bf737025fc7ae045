"""What a block ran on: results are the same bits on like machines with like software."""

import json
import platform
import sys
from functools import lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DECISIVE = ("dnnsa", "numpy", "scipy", "numba", "keras", "tensorflow", "jax", "torch", "onnxruntime", "scikit-learn")


@lru_cache(maxsize=1)
def machine() -> str:
    """Hardware and software of this process as JSON, its model being loaded; equal text means like machines."""
    return json.dumps({"hardware": _hardware(), "software": _software()})


def backend() -> str:
    """Keras' backend in this process with its version and devices, such as ``jax 0.7.1 on cpu``; empty without Keras.

    A model that has not loaded Keras has not started a backend either, and nothing is started here.
    """
    keras = sys.modules.get("keras")
    return "" if keras is None else _with_devices(str(keras.backend.backend()))


@lru_cache(maxsize=1)
def _with_devices(name: str) -> str:
    if name not in _DEVICES:
        return name
    made = import_module(name).__version__  # not that of a package: some have other names, such as tensorflow-cpu
    return f"{name} {made} on {', '.join(dict.fromkeys(_DEVICES[name]()))}"


def _of_tensorflow() -> list[str]:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    told = [tf.config.experimental.get_device_details(gpu).get("device_name") or "GPU" for gpu in gpus]
    return [str(one) for one in told] or ["cpu"]


def _of_jax() -> list[str]:
    import jax

    return [str(device.device_kind) for device in jax.devices()]


def _of_torch() -> list[str]:
    import torch

    return [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())] or ["cpu"]


_DEVICES = {"tensorflow": _of_tensorflow, "jax": _of_jax, "torch": _of_torch}


def _hardware() -> str:
    devices = []
    if tensorflow := sys.modules.get("tensorflow"):
        gpus = tensorflow.config.list_physical_devices("GPU")
        devices = [str(tensorflow.config.experimental.get_device_details(gpu).get("device_name")) for gpu in gpus]
    return ", ".join([platform.machine(), _processor(), *devices])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _software() -> str:
    told = [f"python {platform.python_version()}"]
    for package in DECISIVE:
        try:
            told.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(told)
