"""Which GPUs a worker has: those that the batch system gave its job, or its part of them."""

import re
import socket
from collections.abc import MutableMapping

SHARE = "DNNSA_GPUS"  # GPUs of each worker, where several workers see the same ones
VISIBLE = "CUDA_VISIBLE_DEVICES"


def take(worker: str, environment: MutableMapping[str, str]) -> None:
    """Leave a worker its own GPUs alone, by the number that its name ends in, and have it take memory as it needs it.

    It must be called before a framework starts. Where workers share no GPUs, what the batch system has set stands.

    Raises
    ------
    RuntimeError
        There are not enough.

    Examples
    --------
    >>> environment = {"CUDA_VISIBLE_DEVICES": "4,5,6,7", "DNNSA_GPUS": "2"}
    >>> take("dnnsa-12-1", environment)
    >>> environment["CUDA_VISIBLE_DEVICES"]
    '6,7'
    """
    environment.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    share = int(environment.get(SHARE, "0"))
    if not share:
        return
    (number,) = re.findall(r"\d+$", worker)
    first, last = int(number) * share, (int(number) + 1) * share
    named = environment.get(VISIBLE)
    devices = [str(device) for device in range(last)] if named is None else [one for one in named.split(",") if one]
    if len(devices) < last:
        raise RuntimeError(
            f"gpus: on host {socket.gethostname()}, worker {worker} wants GPUs {first} to {last - 1} of {VISIBLE}="
            f"{named}: ask for a job with as many GPUs as its workers have together."
        )
    environment[VISIBLE] = ",".join(devices[first:last])
