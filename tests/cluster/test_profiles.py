"""Profiles by path and by name."""

from pathlib import Path

import pytest

from dnnsa.cluster import Local, Slurm, read_profile
from dnnsa.errors import ProfileError


@pytest.fixture
def named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "dnnsa"
    folder.mkdir()
    (folder / "here.yaml").write_text("kind: local\nworkers: 3\n")
    (folder / "gpu.yaml").write_text("kind: slurm\nworkers: 3\n")
    return folder


def test_a_profile_has_a_name_in_the_users_configuration(named):
    assert read_profile("here") == Local(workers=3)
    assert read_profile("gpu") == Slurm(workers=3)


def test_without_the_variable_the_folder_is_that_of_the_home(named, monkeypatch):
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(Path, "home", lambda: named.parent)
    (named.parent / ".config").mkdir()
    named.rename(named.parent / ".config" / "dnnsa")
    assert read_profile("here") == Local(workers=3)


def test_an_unknown_name_lists_those_that_there_are(named):
    with pytest.raises(ProfileError, match=r"no profile `cloud` in .*/dnnsa: use one of `gpu`, `here`."):
        read_profile("cloud")
    with pytest.raises(ProfileError, match="did you mean `here`"):
        read_profile("hero")


def test_where_there_are_none_it_is_said_where_they_go(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(ProfileError, match=r"no profile `x` in .*: put x.yaml there, or give the path of a file"):
        read_profile("x")


def test_a_path_is_a_path(named, monkeypatch):
    monkeypatch.chdir(named)
    (named / "here").write_text("kind: local\nworkers: 5\n")
    assert read_profile("./here") == Local(workers=5)
    assert read_profile("here.yaml") == Local(workers=3)
    with pytest.raises(ProfileError, match=r"none.yaml:\nthe file cannot be read: No such file or directory"):
        read_profile("none.yaml")


def test_an_unknown_kind_names_those_that_there_are(tmp_path):
    (tmp_path / "p.yaml").write_text("kind: slrum\nworkers: 3\n")
    with pytest.raises(ProfileError, match=r"kind: no kind `slrum`: did you mean `slurm`?"):
        read_profile(tmp_path / "p.yaml")
