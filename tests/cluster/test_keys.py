"""TLS keys of a run: only the user can read them, they go with the run, and nobody gets in without them."""

import stat

import pytest
from distributed import Client, LocalCluster
from distributed.security import Security

from dnnsa.cluster.keys import keys
from dnnsa.errors import ClusterError


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_user_can_read_the_keys_and_they_go_with_the_run(tmp_path):
    shared = tmp_path / "home" / ".dnnsa"
    with keys(shared) as security:
        (folder,) = shared.iterdir()
        assert mode(shared) == mode(folder) == 0o700
        files = sorted(folder.iterdir())
        assert [path.name for path in files] == ["authority.pem", "job-key.pem", "job.pem"]
        assert {mode(path) for path in files} == {0o600}
        assert security.require_encryption
        assert security.get_tls_config_for_role("worker")["key"] == str(folder / "job-key.pem")
    assert list(shared.iterdir()) == []


def test_keys_go_when_the_run_fails_too(tmp_path):
    with pytest.raises(ZeroDivisionError), keys(tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_each_run_has_keys_of_its_own(tmp_path):
    with keys(tmp_path) as one, keys(tmp_path) as other:
        assert one.tls_ca_file != other.tls_ca_file
        assert one.tls_client_key != other.tls_client_key


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(ClusterError, match=r"`shared_directory`: .*/file/keys cannot be written: Not a directory"),
        keys(tmp_path / "file" / "keys"),
    ):
        pass


def test_whoever_has_no_key_of_the_run_is_refused(tmp_path):
    with (
        keys(tmp_path) as security,
        LocalCluster(
            n_workers=1, processes=False, dashboard_address="127.0.0.1:0", protocol="tls://", security=security
        ) as cluster,
    ):
        address = cluster.scheduler_address
        assert address.startswith("tls://")
        with Client(address, security=security) as client:
            assert client.submit(int).result(30) == 0
        with pytest.raises(OSError, match=r"Connection reset|Timed out"):
            Client(address.replace("tls://", "tcp://"), timeout=2)
        with pytest.raises(OSError, match="TLS certificate does not match"):
            Client(address, security=Security.temporary(), timeout=2)
