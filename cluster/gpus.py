"""Which GPUs a worker has: those that the batch system gave its job, or its part of them."""

import re
import socket
from collections.abc import Iterator, MutableMapping

SHARE = "DNNSA_GPUS"  # GPUs of each worker, where several workers see the same ones
TOGETHER = "DNNSA_WORKERS_PER_GPU"  # workers that have one GPU together, where that is more than one
VISIBLE = "CUDA_VISIBLE_DEVICES"


def take(worker: str, environment: MutableMapping[str, str]) -> None:
    """Leave a worker its own GPUs alone, by the number that its name ends in, and have it take memory as it needs it.

    Workers that share a GPU are those of successive numbers. JAX would take most of the memory for the first of them.

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
    >>> environment = {"CUDA_VISIBLE_DEVICES": "4,5", "DNNSA_GPUS": "1", "DNNSA_WORKERS_PER_GPU": "3"}
    >>> take("dnnsa-12-3", environment)
    >>> environment["CUDA_VISIBLE_DEVICES"]
    '5'
    """
    environment.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    share = int(environment.get(SHARE, "0"))
    if not share:
        return
    (number,) = re.findall(r"\d+$", worker)
    together = int(environment.get(TOGETHER, "1"))
    if together > 1:
        environment.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    place = int(number) // together
    first, last = place * share, (place + 1) * share
    named = environment.get(VISIBLE)
    devices = [str(device) for device in range(last)] if named is None else [one for one in named.split(",") if one]
    if len(devices) < last:
        raise RuntimeError(
            f"gpus: on host {socket.gethostname()}, worker {worker} wants GPUs {first} to {last - 1} of {VISIBLE}="
            f"{named}: ask for a job with as many GPUs as its workers have together."
        )
    environment[VISIBLE] = ",".join(devices[first:last])


def exported(gpus: int, together: int) -> dict[str, str]:
    """What workers that share out the GPUs of a host read in their environment; nothing where they have none.

    Parameters
    ----------
    gpus, together
        GPUs of a worker, and workers that have one together.
    """
    if not gpus:
        return {}
    return {SHARE: str(gpus)} | ({TOGETHER: str(together)} if together > 1 else {})


def problems(gpus: int, together: int, per_job: int | None = None) -> Iterator[str]:
    """What is wrong with the GPUs of a profile, one sentence each.

    Parameters
    ----------
    per_job
        Workers of a job of a batch system, which gives a job whole GPUs.
    """
    if gpus < 0:
        yield f"`gpus` must be 0 or more, got {gpus}"
    if together < 1:
        yield f"`workers_per_gpu` must be 1 or more, got {together}"
    elif together > 1 and gpus != 1:
        yield f"`workers_per_gpu` is for workers with a part of one GPU: say `gpus: 1`, got {gpus}"
    elif per_job is not None and per_job % together:
        yield f"`workers_per_job` must be a multiple of workers_per_gpu: {together}, got {per_job}"
