"""dask-jobqueue changes what Ctrl-C does where it is imported."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

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


IN_A_THREAD = """
import sys
import dnnsa
from tests.studies import study
from pathlib import Path

folder = Path(sys.argv[1])
(folder / "slurm.yaml").write_text("{kind: slurm, workers: 1, memory: 1GB}")
handle = dnnsa.run(study(folder, "def f(x1, x2): return x1"), cluster=folder / "slurm.yaml", wait=False)
try:
    handle.result(60)
except dnnsa.errors.ClusterError as error:
    print(error)
"""


def test_a_study_in_the_background_may_be_the_first_to_ask(tmp_path):
    """It comes as far as to look for Slurm, which is on no path."""
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", IN_A_THREAD, tmp_path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "there is no command `sbatch` on this host: run dnnsa where jobs are submitted.\n"
