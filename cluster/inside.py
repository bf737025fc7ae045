"""A worker in this process: nothing is started, and what is loaded here already is there."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dnnsa.cluster.base import Say, quiet


class Inside:
    """One worker thread of this process. For short studies: a run that ends its process would end this one."""

    kind = "inside"

    @contextmanager
    def open(self, say: Say = quiet) -> Iterator[Any]:
        from distributed import Client, LocalCluster

        with (
            LocalCluster(
                n_workers=1,
                threads_per_worker=1,
                processes=False,
                protocol="tcp://",
                host="127.0.0.1",
                memory_limit=None,  # the worker has what this process has
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
