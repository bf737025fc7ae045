"""Files and folders are known by their SHA-256."""

import hashlib
import socket
from pathlib import Path

import pytest

from dnnsa.errors import ModelError
from dnnsa.files import digest, verify


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights.keras"
    path.write_bytes(b"weights")
    return path


def test_a_digest_is_the_sha_256_of_the_content(file: Path) -> None:
    assert digest(file) == hashlib.sha256(b"weights").hexdigest()


def test_the_file_that_the_study_was_started_with_is_accepted(file: Path) -> None:
    verify("model.path", file, {"model.path": digest(file)})


def test_another_file_in_its_place_is_refused(file: Path) -> None:
    digests = {"model.path": digest(file)}
    file.write_bytes(b"other weights")
    with pytest.raises(ModelError) as error:
        verify("model.path", file, digests)
    assert str(error.value) == (
        f"model.path: on host {socket.gethostname()}, {file} is not the file that the study was started with: "
        "put that file back, or start again with --overwrite."
    )


def test_a_file_that_this_host_does_not_see_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        verify("model.path", tmp_path / "a.keras", {})
    assert str(error.value) == (
        f"model.path: host {socket.gethostname()} sees no file {tmp_path / 'a.keras'}: put it on a shared file system."
    )


def test_a_folder_is_known_by_every_name_and_every_content_in_it(tmp_path: Path) -> None:
    def of(**contents: str) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        (folder / "inner").mkdir(parents=True)
        for name, content in contents.items():
            (folder / name.replace("__", "/")).write_text(content)
        return digest(folder)

    of_all = of(a="1", b="2", inner__c="3")
    assert of(inner__c="3", b="2", a="1") == of_all
    others = [
        of(a="1", b="2"),
        of(a="1", b="2", inner__c="4"),
        of(a="1", b="2", inner__d="3"),
        of(a="1", b="2", c="3"),
        of(a="2", b="1", inner__c="3"),
        of(a="1", b="2", inner__c="3", d=""),
    ]
    assert len({of_all, *others}) == 7


def test_what_a_link_in_a_folder_leads_to_belongs_to_it(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "weights").write_text("1")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "elsewhere")
    before = digest(tmp_path / "folder")
    (tmp_path / "elsewhere" / "weights").write_text("2")
    assert digest(tmp_path / "folder") != before
