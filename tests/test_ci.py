"""What CI runs is what the README says and what `make check` runs."""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".ci" / "run"
README = (ROOT / "README.md").read_text()
BASH = shutil.which("bash") or "bash"


def command(name: str) -> str:
    """The one line of shell after a marker of the README."""
    (line,) = re.findall(rf"^<!-- command: {name} -->\n+```\w*\n(.+)\n```$", README, flags=re.MULTILINE)
    return str(line)


def test_the_script_is_bash_that_parses() -> None:
    subprocess.run([BASH, "-n", SCRIPT], check=True)
    assert SCRIPT.stat().st_mode & 0o111, "not executable"


def test_the_script_runs_the_commands_of_the_readme_word_for_word() -> None:
    listed = subprocess.run([SCRIPT, "--list"], capture_output=True, text=True, check=True)
    assert listed.stdout.splitlines() == [command("run"), command("test")]


def test_a_readme_without_its_commands_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci")
    (tmp_path / "README.md").write_text("<!-- command: run -->\n```\ntrue\n```\n")
    done = subprocess.run([tmp_path / ".ci" / "run", "--list"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "README.md: no command follows" in done.stderr


@pytest.mark.parametrize("name", ["run", "test"])
def test_a_command_of_the_readme_starts_from_nothing(name: str) -> None:
    parts = [shlex.split(part) for part in command(name).split(" && ")]
    assert parts[0] == ["python3", "-m", "venv", ".venv"]
    assert parts[1][:5] == [".venv/bin/pip", "install", "-q", "-c", "constraints.txt"]
    assert all(part[0].startswith((".venv/bin/", "python3")) for part in parts)


def test_the_script_checks_what_make_check_checks() -> None:
    makefile = (ROOT / "Makefile").read_text().replace("$(BIN)", ".venv/bin")
    rules = dict(re.findall(r"^(\w+):[^\n]*\n((?:\t.+\n)+)", makefile, flags=re.MULTILINE))
    for line in (rules["lint"] + rules["types"]).split("\n\t"):
        assert f'"{line.strip()}"' in SCRIPT.read_text()
    assert rules["test"].strip() == command("test").split(" && ")[-1]


def test_hooks_use_the_versions_of_constraints_txt() -> None:
    hooks = YAML(typ="safe").load((ROOT / ".pre-commit-config.yaml").read_text())
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}, "another host than a package index"
    for hook in hooks["repos"][0]["hooks"]:
        assert set(hook["additional_dependencies"]) <= set(pins), hook["id"]


def test_the_tools_of_the_hooks_are_among_the_tools_to_work_with() -> None:
    hooks = YAML(typ="safe").load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    used = {Requirement(pin).name for hook in hooks for pin in hook["additional_dependencies"]}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert used <= {Requirement(text).name for extra in ("test", "dev") for text in extras[extra]}


def test_contributing_names_files_that_exist() -> None:
    named = re.findall(r"`([\w.-]+/[\w./-]*)`", (ROOT / "CONTRIBUTING.md").read_text())
    assert len(named) > 20
    assert [path for path in named if "NAME" not in path and not (ROOT / path).exists()] == []
