"""What a block ran on: results are the same bits on like machines with like software."""

import json
import platform
import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DECISIVE = ("dnnsa", "numpy", "scipy", "numba", "keras", "tensorflow", "jax", "torch", "onnxruntime", "scikit-learn")


@lru_cache(maxsize=1)
def machine() -> str:
    """Hardware and software of this process as JSON, its model being loaded; equal text means like machines."""
    return json.dumps({"hardware": _hardware(), "software": _software()})


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
