"""A Slurm of several nodes on this machine: its real daemons, of this user, without systemd."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

NODES, CPUS, GPUS, MEMORY = 4, 4, 2, 16000  # a node claims so many cores, GPUs and MiB, whatever the machine has
PROGRAMS = ("setpriv", "munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo", "scontrol")
LONGEST_SOCKET = 107  # bytes that Linux allows to the path of a socket
BY_HAND = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])  # daemons are on no user's path

CONFIGURATION = """\
ClusterName=dnnsa
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/ended.txt
SwitchType=switch/none
MpiDefault=none
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
OverTimeLimit=0
MinJobAge=300
GresTypes=gpu
"""
NODE = (
    "NodeName=n{number} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} Sockets=1 CoresPerSocket={cpus} "
    "ThreadsPerCore=1 RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN\n"
)
PARTITION = "PartitionName=batch Nodes=n[1-{nodes}] Default=YES MaxTime=1:00:00 DefaultTime=10:00 State=UP\n"


def program(name: str) -> str | None:
    return shutil.which(name, path=BY_HAND)


def why_not() -> str | None:
    """Why there can be no Slurm here; None if there can."""
    missing = [name for name in PROGRAMS if program(name) is None]
    if missing:
        return f"no {', '.join(missing)} here: apt-get install --no-install-recommends slurm-wlm munge"
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return f"Slurm runs jobs of users that have a name, and user {os.getuid()} has none"
    return None


class Slurm:
    """Commands of a running Slurm, and its records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}

    def __call__(self, name: str, *args: str) -> str:
        """What a command prints, such as ``slurm("squeue", "-h")``."""
        done = subprocess.run(
            [str(program(name)), *args],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{name} {' '.join(args)}: {done.stderr}"
        return done.stdout

    def jobs(self, *states: str) -> list[str]:
        """Numbers of the jobs that wait, run or end; of those in some states alone where these are named."""
        chosen = ["-t", ",".join(states)] if states else []
        return self("squeue", "-h", "-o", "%A", *chosen).split()

    def ended(self) -> dict[str, dict[str, str]]:
        """What Slurm has on record of the jobs that have ended, by number."""
        path = self.folder / "ended.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        records = [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in lines]
        return {record["JobId"]: record for record in records}

    def clear(self) -> None:
        """End all jobs, and have all nodes take jobs again."""
        if jobs := self.jobs():
            self("scancel", *jobs)
        until(lambda: not self.jobs(), 60)  # the workers in them have a while to end
        drained = self("sinfo", "-h", "-N", "-t", "drain,drained", "-o", "%N").split()
        for node in drained:
            self("scontrol", "update", f"NodeName={node}", "State=RESUME")

    def idle(self) -> int:
        """How many nodes could take a job."""
        return len(set(self("sinfo", "-h", "-N", "-t", "idle", "-o", "%N").split()))


def until(holds, seconds: float) -> None:
    """Wait for something that must come true."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"still not so after {seconds} s"
        time.sleep(0.1)


@contextmanager
def running(log_folder: Path) -> Iterator[Slurm]:
    """A Slurm that ends with the context, and with it all of its jobs and processes.

    Parameters
    ----------
    log_folder
        What the daemons say is kept there.
    """
    folder = _folder()
    slurm = Slurm(folder)
    try:
        ports = _free_ports(1 + NODES)
        _configure(folder, ports)
        with ExitStack() as daemons:
            munged = ("--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.socket")
            files = ("--pid-file", f"{folder}/munged.pid", "--seed-file", f"{folder}/munge.seed")
            _start(daemons, log_folder, "munged", *munged, *files, f"--log-file={log_folder}/munged.log")
            until((folder / "munge.socket").exists, 20)
            _start(daemons, log_folder, "slurmctld", "-D", "-f", f"{folder}/slurm.conf")
            for number in range(1, NODES + 1):
                _start(daemons, log_folder, "slurmd", "-D", "-N", f"n{number}", "-f", f"{folder}/slurm.conf")
            until(lambda: _answers(slurm) and slurm.idle() == NODES, 60)
            daemons.callback(slurm.clear)
            yield slurm
    finally:
        for step in _steps(slurm):
            os.kill(step, signal.SIGKILL)
        shutil.rmtree(folder)


def _steps(slurm: Slurm) -> Iterator[int]:
    """Processes of Slurm that look after a job of it and outlive the daemons, which they would wait for."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            told = (process / "environ").read_bytes().split(b"\0")
            of_this = f"SLURM_CONF={slurm.environment['SLURM_CONF']}".encode() in told
            if of_this and (process / "comm").read_text().strip() == "slurmstepd":
                yield int(process.name)


def _answers(slurm: Slurm) -> bool:
    """Whether there is a controller: the first ones who ask come too early."""
    command = [str(program("scontrol")), "ping"]
    return subprocess.run(command, env={**os.environ, **slurm.environment}, capture_output=True).returncode == 0


def _start(daemons: ExitStack, logs: Path, name: str, *args: str) -> None:
    """A daemon as a child of this process: asked to end when the stack is left, or when this process is killed."""
    command = [str(program("setpriv")), "--pdeathsig", "TERM", str(program(name)), *args]
    with (logs / f"{name}-{len(list(logs.iterdir()))}.out").open("w") as log:
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop() -> None:
        daemon.terminate()
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    daemons.callback(stop)


def _folder() -> Path:
    """A folder of short name, in which a socket fits, wherever the folder of temporary files is."""
    for parent in (tempfile.gettempdir(), "/tmp"):
        if len(f"{parent}/slurm-12345678/munge.socket.lock") <= LONGEST_SOCKET:
            break
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir=parent))
    folder.chmod(0o755)
    return folder


def _configure(folder: Path, ports: list[int]) -> None:
    host, user = socket.gethostname().split(".")[0], pwd.getpwuid(os.getuid()).pw_name
    text = CONFIGURATION.format(folder=folder, host=host, user=user, ports=ports)
    for number, port in enumerate(ports[1:], 1):
        text += NODE.format(number=number, host=host, port=port, cpus=CPUS, gpus=GPUS, memory=MEMORY)
    (folder / "slurm.conf").write_text(text + PARTITION.format(nodes=NODES))
    # A GPU's file must be a device, and each another one; links to two that every machine has will do.
    devices = ("/dev/null", "/dev/zero")
    for number, device in enumerate(devices[:GPUS]):
        (folder / f"gpu{number}").symlink_to(device)
    (folder / "gres.conf").write_text(f"NodeName=n[1-{NODES}] Name=gpu File={folder}/gpu[0-{GPUS - 1}]\n")
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
    (folder / "state").mkdir()
    for number in range(1, NODES + 1):
        (folder / f"spool-n{number}").mkdir()
    (folder / "munge.key").touch(mode=0o600)
    (folder / "munge.key").write_bytes(os.urandom(1024))


def _free_ports(count: int) -> list[int]:
    """Ports below those that the system gives out by itself, so that nobody is given one before it is used."""
    found: list[int] = []
    for port in random.sample(range(20000, 32000), 200):
        with socket.socket() as one:
            try:
                one.bind(("", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free ports from 20000 to 32000")
