"""What is in deploy/ is what systemd, Kubernetes and notifykit itself take."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from notifykit.cli.app import build_cli
from notifykit.pipeline.project import open_project

DEPLOY = Path(__file__).parents[3] / "deploy"


@pytest.fixture
def parts() -> dict[str, Any]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
    return {document["kind"]: document for document in documents}


@pytest.mark.parametrize("command", ["run", "worker"])
def test_systemd_takes_the_unit(tmp_path: Path, command: str) -> None:
    text = (DEPLOY / f"notifykit-{command}.service").read_text(encoding="utf-8")
    assert "\nRestart=always\n" in text
    assert f"ExecStart=/srv/notifykit/.venv/bin/notifykit {command}\n" in text
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return  # what is left to see is above
    here = str(Path(sys.executable).with_name("notifykit"))
    unit = tmp_path / f"notifykit-{command}.service"
    unit.write_text(text.replace("/srv/notifykit/.venv/bin/notifykit", here), encoding="utf-8")
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, unit.name in done.stderr) == (0, False), done.stderr


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
