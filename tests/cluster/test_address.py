"""A Dask scheduler that runs already, with and without TLS."""

from contextlib import contextmanager
from pathlib import Path

import dask
import pytest
from distributed import LocalCluster
from distributed.security import Security

from dnnsa.cluster import Address, check
from dnnsa.cluster.address import FILES
from dnnsa.errors import ClusterError

NOWHERE = "127.0.0.1:9"  # the port of `discard`


@contextmanager
def scheduler(**settings):
    with LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0", **settings) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def plain():
    with scheduler(protocol="tcp://", host="127.0.0.1") as address:
        yield address


@pytest.fixture
def files(tmp_path):
    """Files of one authority, by setting, and the security that they are of."""
    security = Security.temporary()
    paths = {name: tmp_path / f"{name}.pem" for name in FILES}
    for name, path in paths.items():
        path.write_text(getattr(security, name), encoding="ascii")
    return security, {name: str(path) for name, path in paths.items()}


def works(profile):
    with profile.open() as client:
        return client.submit(int).result(30) == 0


def test_a_scheduler_without_tls_is_used_and_left_running(plain):
    assert works(Address(address=plain))
    assert works(Address(address=plain))


def test_a_scheduler_with_tls_takes_the_files_of_the_profile_or_of_dasks_configuration(files):
    security, paths = files
    keys = (f"distributed.comm.tls.{key}" for key in ("ca-file", "client.cert", "client.key"))
    with scheduler(protocol="tls://", host="127.0.0.1", security=security) as address:
        assert works(Address(address=address, **paths))
        with dask.config.set(dict(zip(keys, paths.values(), strict=True))):
            assert works(Address(address=address))


def test_a_scheduler_with_tls_refuses_whoever_comes_without_or_with_others(files):
    security, paths = files
    with scheduler(protocol="tls://", host="127.0.0.1", security=security) as address:
        with pytest.raises(ClusterError, match=r"`tls_ca_file` is missing: tls://.* needs it, here or in distributed"):
            works(Address(address=address))
        plain = Address(address=address.replace("tls://", "tcp://"), timeout=2)
        with pytest.raises(ClusterError, match=r"does not answer as a Dask scheduler within 2 s .* it speaks tcp"):
            works(plain)
        wrong = Security.temporary()
        for name, path in paths.items():
            Path(path).write_text(getattr(wrong, name), encoding="ascii")
        with pytest.raises(ClusterError, match="certificate verify failed"):
            works(Address(address=address, timeout=2, **paths))


def test_a_file_that_is_not_there_is_told(tmp_path, files):
    _, paths = files
    given = paths | {"tls_client_key": str(tmp_path / "none.pem")}
    with pytest.raises(ClusterError, match=r"`tls_client_key`: there is no file .*none.pem"):
        works(Address(address=f"tls://{NOWHERE}", **given))


def test_nobody_at_an_address_is_told_with_the_stated_time():
    told = f"address: tcp://{NOWHERE} does not answer as a Dask scheduler within 1 s .*look whether it runs"
    with pytest.raises(ClusterError, match=told):
        works(Address(address=f"tcp://{NOWHERE}", timeout=1))


def test_a_scheduler_of_others_can_be_checked(plain, tmp_path):
    checked = check(Address(address=plain), tmp_path, wait=30)
    assert checked.there.host == checked.here.host
    assert checked.folder.problem == checked.scratch.problem == ""


def test_a_scheduler_without_workers_is_told_by_the_check(tmp_path):
    options = {"dashboard_address": "127.0.0.1:0", "host": "127.0.0.1", "protocol": "tcp://"}
    with (
        LocalCluster(n_workers=0, processes=False, **options) as cluster,
        pytest.raises(ClusterError, match=r"no worker came within 0\.2 s"),
    ):
        check(Address(address=cluster.scheduler_address), tmp_path, wait=0.2)
