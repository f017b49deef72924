"""What is in deploy/ is what systemd, Docker, Kubernetes, cron and notifykit itself take."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from notifykit.cli.app import build_cli
from notifykit.metrics.examples import SHIPPED
from notifykit.pipeline.project import open_project

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
INSTALLED = "/srv/notifykit/.venv/bin/notifykit"


@pytest.fixture
def parts() -> dict[str, Any]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
    return {document["kind"]: document for document in documents}


@pytest.mark.parametrize("command", ["run", "worker", "serve"])
def test_systemd_takes_the_unit(tmp_path: Path, command: str) -> None:
    text = (DEPLOY / f"notifykit-{command}.service").read_text(encoding="utf-8")
    assert "\nRestart=always\n" in text
    (started,) = re.findall(r"^ExecStart=/srv/notifykit/\.venv/bin/(notifykit .*)$", text, re.MULTILINE)
    assert command in shlex.split(started)
    require_command(shlex.split(started))
    verify(tmp_path, f"notifykit-{command}.service")


@pytest.mark.parametrize(("name", "folder"), [("once", DEPLOY), ("upkeep", DEPLOY), ("metrics", SHIPPED)])
def test_systemd_takes_the_timer_and_what_it_starts(tmp_path: Path, name: str, folder: Path) -> None:
    verify(tmp_path, f"notifykit-{name}.service", f"notifykit-{name}.timer", of=folder)
    for line in (folder / f"notifykit-{name}.service").read_text(encoding="utf-8").splitlines():
        if line.startswith("ExecStart="):
            require_command(shlex.split(line.removeprefix("ExecStart=")))


def verify(folder: Path, *units: str, of: Path = DEPLOY) -> None:
    """Have systemd read units, with the program that is here."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return  # what is left to see does not need it
    here = str(Path(sys.executable).with_name("notifykit"))
    files = [folder / name for name in units]
    for file in files:
        text = (of / file.name).read_text(encoding="utf-8")
        file.write_text(text.replace(INSTALLED, here), encoding="utf-8")
    done = subprocess.run([analyze, "verify", *map(str, files)], capture_output=True, text=True, check=False)
    assert (done.returncode, [name for name in units if name in done.stderr]) == (0, []), done.stderr


def require_command(words: Sequence[str]) -> None:
    """Require that a command line of the installed program is one that there is, with these options."""
    program, *arguments = words
    assert program in (INSTALLED, "notifykit")
    if "--log-file" in arguments:
        arguments[arguments.index("--log-file") + 1] = os.devnull
    here = str(Path(sys.executable).with_name("notifykit"))
    nowhere = [here, "--project", "/nowhere/notifykit.yaml", *arguments]
    done = subprocess.run(nowhere, capture_output=True, text=True, check=False)
    assert (done.returncode, "there is no such file" in done.stderr) == (4, True), done.stderr  # 2: no such option


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with what follows each."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def health_command() -> list[str]:
    (check,) = [rest for word, rest in instructions() if word == "HEALTHCHECK"]
    command: list[str] = json.loads(check.partition(" CMD ")[2])
    return command


def test_the_container_is_no_root_and_keeps_the_outbox_in_a_volume() -> None:
    found = instructions()
    words = [word for word, _ in found]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert ("USER", "10001:10001") in found
    assert json.loads(dict(found)["VOLUME"]) == ["/srv/notifykit/state"]
    require_command([*json.loads(dict(found)["ENTRYPOINT"]), *json.loads(dict(found)["CMD"])])


def test_the_container_is_unhealthy_only_where_something_is_broken(tmp_path: Path) -> None:
    here = str(Path(sys.executable).parent)
    file = tmp_path / "notifykit.yaml"
    file.write_text("campaigns: []\n", encoding="utf-8")
    environment = {**os.environ, "PATH": f"{here}{os.pathsep}{os.environ['PATH']}", "NOTIFYKIT_PROJECT": str(file)}

    def answer() -> int:
        return subprocess.run(health_command(), env=environment, check=False, capture_output=True).returncode

    assert answer() == 0
    file.write_text("campaign: []\n", encoding="utf-8")
    assert answer() == 1


def test_a_person_who_is_needed_does_not_make_the_container_unhealthy(tmp_path: Path) -> None:
    program = tmp_path / "notifykit"
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    assert subprocess.run(health_command(), env=environment, check=False).returncode == 0


@pytest.mark.long
def test_what_goes_into_the_image_is_all_that_a_wheel_needs(tmp_path: Path) -> None:
    """The first stage copies what its `.dockerignore` leaves. The image itself needs a daemon."""
    there = tmp_path / "src"
    for line in (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines():
        if line.startswith("!"):
            source = ROOT / line.removeprefix("!")
            if source.is_dir():
                shutil.copytree(source, there / source.name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                there.mkdir(exist_ok=True)
                shutil.copy(source, there)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), "."]
    done = subprocess.run(build, cwd=there, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("notifykit_outbox-*.whl"))) == 1
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (install,) = [rest for word, rest in instructions() if word == "RUN" and " pip " in rest.replace("/", " ")]
    assert set(re.findall(r"\.\[(\w+)\]", install)) <= extras.keys()


def test_compose_runs_the_image_without_rights() -> None:
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    service = composed["services"]["notifykit"]
    assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    assert (service["read_only"], service["cap_drop"], service["stop_grace_period"]) == (True, ["ALL"], "90s")
    mounted = dict(volume.split(":") for volume in service["volumes"])
    assert mounted == {"./project": "/srv/notifykit", "state": "/srv/notifykit/state"}
    assert list(composed["volumes"]) == ["state"]


def test_cron_calls_commands_that_there_are() -> None:
    text = (DEPLOY / "notifykit.cron").read_text(encoding="utf-8")
    jobs = re.findall(r"^(?:\S+ ){5}notifykit (.*)$", text, re.MULTILINE)
    assert len(jobs) == 3
    for job in jobs:
        words = shlex.split(job.partition(" >")[0])
        require_command(words[words.index(INSTALLED) :])


def test_the_service_of_windows_runs_a_command_that_there_is() -> None:
    text = (DEPLOY / "windows-service.ps1").read_text(encoding="utf-8")
    (installed,) = re.findall(r"^Invoke-Nssm install \$Name \$program (.*)$", text, re.MULTILINE)
    require_command(["notifykit", *shlex.split(installed)])
    assert "AppStopMethodConsole 90000" in text


@pytest.mark.parametrize("page", ["deploy.md", "deploy.zh-CN.md"])
def test_the_page_names_every_file(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    beside = {"Dockerfile.dockerignore"}
    assert [file.name for file in DEPLOY.iterdir() if file.name not in beside and f"`{file.name}`" not in text] == []


def test_both_languages_have_the_same_chapters_and_the_same_commands() -> None:
    one, other = ((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("deploy.md", "deploy.zh-CN.md"))
    for shape in (r"^## ", r"^\| ", r"^```"):
        assert len(re.findall(shape, one, re.MULTILINE)) == len(re.findall(shape, other, re.MULTILINE)), shape
    assert commands_of(one) == commands_of(other) != []


def commands_of(page: str) -> list[str]:
    """The commands of a page, without what is said of them."""
    return [re.sub(r" +#.*", "", block) for block in re.findall(r"```bash\n(.*?)```", page, re.DOTALL)]


def test_the_project_of_the_pods_can_be_read(
    tmp_path: Path, parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in parts["Secret"]["stringData"].items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "notifykit.yaml"
    file.write_text(parts["ConfigMap"]["data"]["notifykit.yaml"], encoding="utf-8")
    project = open_project(file)
    assert project.configuration.channels.keys() == {"beijing-group"}
    assert str(project.configuration.settings.store) == "postgresql://notifykit@db/notifykit"


def test_the_pods_call_a_command_that_there_is(parts: dict[str, Any]) -> None:
    spec = parts["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    program, *arguments = container["args"]
    assert program == "notifykit"
    assert CliRunner().invoke(build_cli(), [*arguments, "--help"]).exit_code == 0
    assert container["envFrom"] == [{"secretRef": {"name": parts["Secret"]["metadata"]["name"]}}]
    assert spec["volumes"][0]["configMap"]["name"] == parts["ConfigMap"]["metadata"]["name"]
