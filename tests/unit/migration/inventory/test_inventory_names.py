"""Names that are bound in rarer ways, and what the patch does where they are in its way."""

from __future__ import annotations

from pathlib import Path

import pytest
from legacy_code import write_legacy_code
from notifykit_inventory.model import Owner, Use, UseKind
from notifykit_inventory.patch import plan_patch
from notifykit_inventory.take import take_inventory

CONTRACT, TECHNICIAN, UNDECIDED, SHARED = Owner.CONTRACT, Owner.TECHNICIAN, Owner.UNDECIDED, Owner.SHARED
HEAD = "from modules.config import *\nfrom modules.file_utils import *\n"


def uses(folder: Path, code: str, **others: str) -> list[Use]:
    write_legacy_code(
        folder, {"more.py": code, **{name.replace("__", "/") + ".py": text for name, text in others.items()}}
    )
    return [use for use in take_inventory(folder).uses if use.place.file == "more.py"]


@pytest.mark.parametrize(
    ("code", "owner"),
    [
        ("lss = load_send_status\nlss(STATUS_FILENAME_BJ_AUG)", CONTRACT),
        ("def f():\n    lss = load_send_status\n    lss(STATUS_FILENAME_BJ_AUG)", CONTRACT),
        ("async def f(*, x=STATUS_FILENAME_TS):\n    load_send_status(x)", TECHNICIAN),
        ("for n, x in [(1, STATUS_FILENAME_BJ_AUG), (2, STATUS_FILENAME_SH_AUG)]:\n    load_send_status(x)", CONTRACT),
        ("for file in {STATUS_FILENAME_BJ_AUG, STATUS_FILENAME_TS}:\n    load_send_status(file)", SHARED),
        ("a, (b, *c) = STATUS_FILENAME_BJ_AUG, (STATUS_FILENAME_TS, 1)\nload_send_status(a)", CONTRACT),
        ("x: str = STATUS_FILENAME_TS\nload_send_status(x)", TECHNICIAN),
        ("x = 'state/send_status_'\nx += city\nload_send_status(x)", UNDECIDED),
        ("with open('x') as f:\n    load_send_status(f)", UNDECIDED),
        ("class A:\n    FILE = STATUS_FILENAME_TS\n    def f(self):\n        load_send_status(self.FILE)", TECHNICIAN),
        ("class A:\n    def __init__(self, x):\n        load_send_status(x)\nA(STATUS_FILENAME_BJ_AUG)", CONTRACT),
        (
            "class A:\n def f(self, x):\n  load_send_status(x)\n def g(self):\n  self.f(STATUS_FILENAME_TS)",
            TECHNICIAN,
        ),
        ("def f(x):\n    def g():\n        load_send_status(x)\nf(STATUS_FILENAME_BJ_AUG)", CONTRACT),
        ("def f(x=None):\n    x = x or STATUS_FILENAME_TS\n    load_send_status(x)", TECHNICIAN),
        ("try:\n    FILE = STATUS_FILENAME_BJ_AUG\nexcept NameError:\n    FILE = ''\nload_send_status(FILE)", CONTRACT),
        ("match city:\n    case 'bj':\n        FILE = STATUS_FILENAME_BJ_AUG\nload_send_status(FILE)", CONTRACT),
        ("load_send_status(*args)", UNDECIDED),
        ("load_send_status('state/send_status_x.json'.replace('x', 'bj'))", CONTRACT),
        ("load_send_status(b'state/send_status_x.json')", UNDECIDED),
    ],
)  # fmt: skip
def test_names_that_are_bound_in_other_ways(tmp_path: Path, code: str, owner: Owner) -> None:
    found = [use for use in uses(tmp_path, f"{HEAD}{code}\n") if use.kind is UseKind.CALL]
    assert [use.owner for use in found] == [owner]


def test_relative_imports_and_packages(tmp_path: Path) -> None:
    inner = "from ..names import FILE\nfrom . import near\nload_send_status(FILE)\nload_send_status(near.OTHER)\n"
    write_legacy_code(
        tmp_path,
        {
            "app/__init__.py": "from .names import FILE\n",
            "app/names.py": "FILE = 'state/technician_status_record.json'\n",
            "app/jobs/__init__.py": "",
            "app/jobs/near.py": "OTHER = 'state/send_status_near.json'\n",
            "app/jobs/job.py": inner,
            "user.py": "import app\nload_send_status(app.FILE)\nload_send_status(app.names.FILE)\n",
            "ring_a.py": "from ring_b import *\nload_send_status(NOWHERE)\n",
            "ring_b.py": "from ring_a import *\n",
        },
    )
    found = take_inventory(tmp_path).uses
    owners = [
        (use.place.file, use.owner) for use in found if use.kind is UseKind.CALL and "modules" not in use.place.file
    ]
    assert owners == [
        ("app/jobs/job.py", TECHNICIAN),
        ("app/jobs/job.py", CONTRACT),
        ("ring_a.py", UNDECIDED),
        ("user.py", TECHNICIAN),
        ("user.py", TECHNICIAN),
    ]


def test_an_import_is_marked_by_a_comment(tmp_path: Path) -> None:
    code = "from modules.file_utils import load_send_status  # notifykit: technician\nload_send_status(x)\n"
    assert [use.owner for use in uses(tmp_path, code)] == [TECHNICIAN, UNDECIDED]


def test_a_constructor_keeps_its_parameter(tmp_path: Path) -> None:
    code = "class A:\n    def __init__(self, file):\n        update_send_status(file, 1, '发送成功')\n\n\n"
    write_legacy_code(tmp_path, {"more.py": f"{HEAD}{code}A(STATUS_FILENAME_BJ_AUG)\n"})
    patch = plan_patch(tmp_path)
    assert "A.__init__ keeps its parameter file: it is called by the language" in patch.text
    assert {use.name for use in patch.remaining} == {"A", "STATUS_FILENAME_BJ_AUG"}


def test_another_name_of_a_notifier_is_in_the_way(tmp_path: Path) -> None:
    code = "from jobs import *\nfrom modules.notification_module import notify_awards_jun_beijing as go\n"
    patch = plan_patch(write_legacy_code(tmp_path, {"more.py": f"{code}go(1, STATUS_FILENAME_BJ_AUG)\n"}))
    assert "more.py:2: notify_awards_jun_beijing goes by another name here" in patch.text
    assert patch.files == ("modules/notification_module.py",)
    assert len(patch.constants) == 0


def test_a_constant_that_is_assigned_with_others_stays(tmp_path: Path) -> None:
    code = "STATUS_FILENAME_GZ, OTHER = 'state/send_status_gz.json', 1\n"
    patch = plan_patch(write_legacy_code(tmp_path, {"more.py": code}))
    assert "more.py" not in patch.files
    assert {use.name for use in patch.remaining} == {"STATUS_FILENAME_GZ"}
