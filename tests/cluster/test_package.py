"""dask-jobqueue changes what Ctrl-C does where it is imported."""

import subprocess
import sys

LOOK = """
import signal, threading
from dnnsa.cluster.package import jobqueue
from dnnsa.errors import ClusterError

def early():
    try:
        jobqueue()
    except ClusterError as error:
        print(error)

thread = threading.Thread(target=early)
thread.start()
thread.join()
before = signal.getsignal(signal.SIGINT)
print(jobqueue().SLURMCluster.__name__, signal.getsignal(signal.SIGINT) is before)
thread = threading.Thread(target=lambda: print(jobqueue().__name__))
thread.start()
thread.join()
"""


def test_ctrl_c_is_what_it_was_and_other_threads_are_told_to_wait():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "import `dask_jobqueue` in the main thread first: it cannot be imported in another one.",
        "SLURMCluster True",
        "dask_jobqueue",
    ]
