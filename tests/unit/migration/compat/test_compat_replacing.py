"""Modules of an old program are written to a folder and imported, with the hook in place."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from notifykit_compat.errors import ShimError, ShimRefusedError
from notifykit_compat.findings import Findings
from notifykit_compat.hook import ImportHook
from notifykit_compat.replacing import Replacing, StandIn, is_ours

MANAGER = """
class Task:
    def __init__(self, task_type, recipient, message):
        self.id = None

    def save(self):
        self.id = 'old'

    def update_status(self, status):
        self.status = status


def create_task(task_type, recipient='nobody', message=''):
    task = Task(task_type, recipient, message)
    task.save()
    return task


def get_pending_tasks():
    return 'old'


def update_task(task_id, status):
    return 'old'
"""


class Recorder:
    """Stands in for everything, and says what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str, tuple[Any, ...]]] = []

    def function(self, part: str, name: str) -> StandIn:
        def called(caller: FrameType, original: Any, *arguments: Any) -> str:
            self.calls.append((part, name, caller.f_code.co_name, arguments))
            return f"new, not {original.__name__}"

        return called


class House:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[str] = []
        self.recorder = Recorder()

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.py").write_text(text, encoding="utf-8")

    def hook(self, *, strict: bool = False, ready: bool = True) -> Replacing:
        replacing = Replacing(Findings(self.told.append, strict=strict))
        if ready:
            replacing.shim = self.recorder
        modules = {"task_manager": "old_manager", "file_utils": "old_files"}
        self.hooked = ImportHook(modules, replacing.replace_in)
        self.hooked.install()
        return replacing


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.syspath_prepend(tmp_path)
    before = {*sys.modules}
    made = House(tmp_path)
    made.write("old_manager", MANAGER)
    finders = [*sys.meta_path]
    yield made
    sys.meta_path[:] = finders
    for name in {*sys.modules} - before:
        if name.startswith("old_"):
            del sys.modules[name]


def test_functions_are_replaced_before_anybody_binds_them(house: House) -> None:
    house.write(
        "old_jobs", "from old_manager import create_task as make\n\ndef job():\n    return make('a', message='c')\n"
    )
    replacing = house.hook()
    assert importlib.import_module("old_jobs").job() == "new, not create_task"
    assert house.recorder.calls == [("task_manager", "create_task", "job", ("a", "nobody", "c"))]
    names = ["create_task", "get_pending_tasks", "update_task", "Task"]
    assert replacing.replaced == [f"old_manager.{name}" for name in names]
    assert house.told == []


def test_signatures_stay(house: House) -> None:
    house.hook()
    manager = importlib.import_module("old_manager")
    assert list(inspect.signature(manager.create_task).parameters) == ["task_type", "recipient", "message"]
    with pytest.raises(TypeError, match="missing a required argument"):
        manager.create_task()
    with pytest.raises(TypeError, match="too many positional arguments"):
        manager.get_pending_tasks(1)


def test_the_class_stays_the_programs_own_but_for_two_methods(house: House) -> None:
    house.hook()
    task = importlib.import_module("old_manager").Task("a", "b", "c")
    assert task.save() == "new, not save"
    assert task.update_status("completed") == "new, not update_status"
    assert type(task).__mro__[1].__name__ == "Task"
    assert [call[:3] for call in house.recorder.calls] == [
        ("Task", "save", inspect.currentframe().f_code.co_name),  # type: ignore[union-attr]
        ("Task", "update_status", inspect.currentframe().f_code.co_name),  # type: ignore[union-attr]
    ]


def test_modules_that_are_there_already_are_replaced_too(house: House) -> None:
    manager = importlib.import_module("old_manager")
    house.hook()
    assert manager.get_pending_tasks() == "new, not get_pending_tasks"
    house.hook()
    assert manager.get_pending_tasks() == "new, not get_pending_tasks"
    assert len(house.recorder.calls) == 2, "once, not again on top of itself"


def test_names_that_were_bound_before_are_told(house: House) -> None:
    house.write("old_jobs", "import os\n\nfrom old_manager import *\n\nmine = update_task\n")
    house.write("old_other", "import os\nfrom old_manager import create_task as make\n")
    for name in ("old_jobs", "old_other"):
        importlib.import_module(name)
    house.hook()
    told = "\n".join(sorted(house.told))
    assert f"{house.folder / 'old_jobs.py'}:3: bound old_manager.create_task before the shim replaced it" in told
    assert f"{house.folder / 'old_jobs.py'}:5: bound old_manager.update_task before" in told
    assert f"{house.folder / 'old_other.py'}:2: bound old_manager.create_task before" in told
    assert "call install() before that, or use `notifykit shim`" in told


def test_a_module_that_binds_names_in_a_circle_is_told(house: House) -> None:
    house.write("old_manager", MANAGER + "\nimport old_jobs\n")
    house.write("old_jobs", "from old_manager import create_task\n")
    house.hook()
    importlib.import_module("old_manager")
    assert len(house.told) == 1
    assert "old_jobs.py:1: bound old_manager.create_task" in house.told[0]


def test_other_signatures_are_left_and_told(house: House) -> None:
    changed = MANAGER.replace("(task_id, status)", "(task_id, status, note)").replace(
        "def get_pending_tasks()", "get_pending_tasks = len\n\n\ndef unused(*args)"
    )
    house.write("old_manager", changed.replace("def update_status(self, status)", "def update_status(self)"))
    house.hook()
    manager = importlib.import_module("old_manager")
    assert manager.update_task(1, "x", "y") == "old"
    assert not is_ours(manager.Task)
    place = house.folder / "old_manager.py"
    assert [said.partition("; ")[0] for said in house.told] == [
        (
            f"notifykit shim: {place}: get_pending_tasks is a builtin_function_or_method, not a plain function, "
            "so it is not replaced"
        ),
        f"notifykit shim: {place}:26: update_task takes 3 parameters, not 2, so it is not replaced",
        f"notifykit shim: {place}:9: Task.update_status takes 1 parameter, not 2, so the class is not replaced",
    ]


def test_a_function_that_takes_anything_is_another_signature(house: House) -> None:
    house.write("old_manager", MANAGER.replace("(task_id, status)", "(task_id, status, **more)"))
    house.hook()
    importlib.import_module("old_manager")
    assert "update_task takes other parameters, not 2" in house.told[0]


def test_a_missing_function_is_told_and_not_fatal(house: House) -> None:
    house.write("old_manager", MANAGER.replace("def update_task", "def change_task"))
    house.hook(strict=True)
    importlib.import_module("old_manager")
    assert [said for said in house.told if "there is no update_task" in said]


def test_strict_refuses(house: House) -> None:
    house.write("old_manager", MANAGER.replace("(task_id, status)", "(task_id)"))
    house.hook(strict=True)
    with pytest.raises(ShimRefusedError, match="update_task takes 1 parameter, not 2"):
        importlib.import_module("old_manager")


def test_what_is_called_too_early_says_so(house: House) -> None:
    house.hook(ready=False)
    with pytest.raises(ShimError, match=r"create_task: is called while notifykit\.yaml is being read"):
        importlib.import_module("old_manager").create_task("a")


def test_the_hook_leaves(house: House) -> None:
    house.hook()
    house.hooked.remove()
    house.hooked.remove()
    assert importlib.import_module("old_manager").get_pending_tasks() == "old"


def test_a_module_that_is_not_there_is_not_there(house: House) -> None:
    house.hook()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("old_files")
