"""The shapes in which people write notifiers: what the patch makes of each, and what it dares not touch."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent, indent

import pytest
from legacy_code import write_legacy_code
from notifykit_inventory.patch import plan_patch
from notifykit_inventory.patch.model import Patch
from notifykit_inventory.take import take_inventory

IMPORTS = """\
from modules.config import *
from modules.file_utils import load_send_status, save_send_status, update_send_status
"""


def patched(folder: Path, code: str, **others: str) -> tuple[str, Patch]:
    """Return one more file of the old program after the patch; everything still compiles."""
    program = write_legacy_code(folder, {"more.py": code, **{f"{name}.py": text for name, text in others.items()}})
    patch = plan_patch(program)
    subprocess.run(["patch", "-p1", "-s", "-f"], input=patch.data, cwd=program, check=True, timeout=60)
    for path in program.rglob("*.py"):
        compile(path.read_bytes(), str(path), "exec")
    assert take_inventory(program).clean == (not patch.remaining)
    return (program / "more.py").read_text(encoding="utf-8"), patch


def loop(body: str) -> str:
    """Return a notifier with this in its loop, and a call of it."""
    head = "def run(csv, file):\n    sent = load_send_status(file)\n    for row in csv:\n        key = row['id']\n"
    return f"{IMPORTS}\n\n{head}{indent(dedent(body).strip(), '        ')}\n\n\nrun([], STATUS_FILENAME_BJ_AUG)\n"


def without_status(body: str) -> str:
    return (
        "from modules.config import *\n\n\ndef run(csv):\n    for row in csv:\n        key = row['id']\n"
        f"{indent(dedent(body).strip(), '        ')}\n\n\nrun([])\n"
    )


SHAPES = {
    "condition": ("if sent.get(key) != '发送成功':\n    go(key)", "go(key)"),
    "condition with a default": ("if sent.get(str(key), '') != '发送成功':\n    go(key)", "go(key)"),
    "condition with a word as constant": ("if sent.get(key) != SENT:\n    go(key)", "go(key)"),
    "not in": ("if key not in sent:\n    go(key)", "go(key)"),
    "not": ("if not sent.get(key):\n    go(key)", "go(key)"),
    "first of two": ("if key not in sent and row['x'] == 'N':\n    go(key)", "if row['x'] == 'N':\n    go(key)"),
    "middle of three": ("if a and key not in sent and b:\n    go(key)", "if a and b:\n    go(key)"),
    "or": ("if key in sent or row['x']:\n    continue\ngo(key)", "if row['x']:\n    continue\ngo(key)"),
    "in brackets": (
        "if (row['x'] == 'N'  # due\n        and key not in sent):\n    go(key)",
        "if (row['x'] == 'N'):\n    go(key)",
    ),
    "skipping": ("if sent.get(key) == '发送成功':\n    continue\ngo(key)", "go(key)"),
    "skipping in one line": ("if key in sent: continue\ngo(key)", "go(key)"),
    "guarded subscript": ("if key in sent and sent[key] == '发送成功':\n    continue\ngo(key)", "go(key)"),
    "always else": ("if key in sent:\n    print(key)\nelse:\n    go(key)\n    go(2)", "go(key)\ngo(2)"),
    "never else": ("if key not in sent:\n    go(key)\nelse:\n    print(key)", "go(key)"),
    "elif that never is": (
        "if a:\n    go(1)\nelif key in sent:\n    print(key)\nelse:\n    go(key)",
        "if a:\n    go(1)\nelse:\n    go(key)",
    ),
    "elif that always is": (
        "if a:\n    go(1)\nelif key not in sent:\n    go(key)\nelse:\n    print(key)",
        "if a:\n    go(1)\nelse:\n    go(key)",
    ),
    "first that never is": (
        "# look\nif key in sent:\n    print(key)\nelif a:\n    go(key)",
        "# look\nif a:\n    go(key)",
    ),
    "a value of its own": ("was = sent.get(key)\nif was != '发送成功':\n    go(key)", "go(key)"),
    "two values": ("was = sent.get(key)\ndone = was == '发送成功'\nif not done:\n    go(key)", "go(key)"),
    "a value with more in it": (
        "due = row['x'] == 'N' and key not in sent\nif due:\n    go(key)",
        "due = row['x'] == 'N'\nif due:\n    go(key)",
    ),
    "conditional value": ("text = 'a' if key in sent else 'b'\ngo(text)", "text = 'b'\ngo(text)"),
    "updating": ("go(key)\nupdate_send_status(file, key, '发送成功')", "go(key)"),
    "updating in the same line": ("go(key); update_send_status(file, key, '发送成功')", "go(key)"),
    "updating first in the line": ("update_send_status(file, key, '发送成功'); go(key)", "go(key)"),
    "setting and saving": ("go(key)\nsent[key] = '发送成功'\nsave_send_status(file, sent)", "go(key)"),
    "updating the dict": ("go(key)\nsent.update({key: '发送成功'})\nsave_send_status(file, sent)", "go(key)"),
    "only if": ("go(key)\nif row['ok']:\n    update_send_status(file, key, '发送成功')", "go(key)"),
    "only if else": (
        "if row['ok']:\n    update_send_status(file, key, '发送成功')\nelse:\n    go(key)",
        "if row['ok']:\n    pass\nelse:\n    go(key)",
    ),
    "trying": (
        "go(key)\ntry:\n    update_send_status(file, key, '发送成功')\nexcept OSError as error:\n    print(error)",
        "go(key)",
    ),
    "trying more": (
        "try:\n    go(key)\n    update_send_status(file, key, '发送成功')\nfinally:\n    done()",
        "try:\n    go(key)\nfinally:\n    done()",
    ),
    "within a lock": (
        "with lock:\n    update_send_status(file, key, '发送成功')\ngo(key)",
        "with lock:\n    pass\ngo(key)",
    ),
    "telling of it": ("logging.info(f'{len(sent)} in {file}')\ngo(key)", "go(key)"),
    "comments": (
        "# one\ngo(1)\n\n# 更新\nupdate_send_status(file, key, '发送成功')\n\n# two\ngo(2)",
        "# one\ngo(1)\n\n# two\ngo(2)",
    ),
    "heading over both": (
        "go(1)\n\n# 更新\nupdate_send_status(file, key, '发送成功')\nrow['是否发送通知'] = 'Y'",
        "go(1)\n\n# 更新\nrow['是否发送通知'] = 'Y'",
    ),
    "texts over lines": (
        "if key not in sent:\n    go('''\n  a\n''')\n    # 完\n    go(2)",
        "go('''\n  a\n''')\n# 完\ngo(2)",
    ),
    "picking": ("due = [r for r in row if r not in sent]\ngo(due)", "due = [r for r in row]\ngo(due)"),
    "picking with more": (
        "due = [r for r in row if r['x'] and r['id'] not in sent]\ngo(due)",
        "due = [r for r in row if r['x']]\ngo(due)",
    ),
}


def tree(folder: Path, codes: dict[str, str]) -> tuple[Path, Patch]:
    """Return the old program with a file for each shape, and the patch for it, not yet applied."""
    files = {f"{name.replace(' ', '_')}.py": code for name, code in codes.items()}
    program = write_legacy_code(folder, {**files})
    return program, plan_patch(program)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Patch]:
    """All the shapes in one program, patched."""
    program, patch = tree(
        tmp_path_factory.mktemp("clean"), {name: loop(before) for name, (before, _) in SHAPES.items()}
    )
    subprocess.run(["patch", "-p1", "-s", "-f"], input=patch.data, cwd=program, check=True, timeout=60)
    return program, patch


@pytest.mark.parametrize("shape", SHAPES)
def test_it_goes_cleanly(clean: tuple[Path, Patch], shape: str) -> None:
    code = (clean[0] / f"{shape.replace(' ', '_')}.py").read_text(encoding="utf-8")
    compile(code, shape, "exec")
    assert code == without_status(SHAPES[shape][1])


def test_nothing_of_the_clean_shapes_is_left(clean: tuple[Path, Patch]) -> None:
    program, patch = clean
    assert (patch.leftovers, patch.remaining) == ((), ())
    assert take_inventory(program).clean


DAREN_T = {
    "told to others": "go(sent)",
    "returned": "return sent",
    "counted": "total = len(sent) + 1",
    "looped over": "for old in sent:\n    go(old)",
    "assigned anew": "if a:\n    sent = other()\nif key not in sent:\n    go(key)",
    "needed key": "go(sent[key])",
    "answer used": "ok = update_send_status(file, key, '发送成功')",
    "side effect": "update_send_status(file, next_key(), '发送成功')",
    "side effect in a condition": "if take(row) and key in sent:\n    go(key)",
    "loop by it": "while key not in sent:\n    go(key)",
    "comprehension of nothing": "go([r for r in row if r in sent])",
}


@pytest.fixture(scope="module")
def unclear(tmp_path_factory: pytest.TempPathFactory) -> Patch:
    """The patch for all those shapes in one program."""
    ending = "\nupdate_send_status(file, key, '发送成功')"
    return tree(tmp_path_factory.mktemp("unclear"), {name: loop(body + ending) for name, body in DAREN_T.items()})[1]


@pytest.mark.parametrize("shape", DAREN_T)
def test_what_is_not_clear_stays_whole_and_is_told(unclear: Patch, shape: str) -> None:
    file = f"{shape.replace(' ', '_')}.py"
    assert file not in unclear.files
    told = [item.why for item in unclear.leftovers if item.file == file]
    assert "run still needs its parameter file, so its calls keep it" in told
    assert len(told) == 2
    assert {use.name for use in unclear.remaining if use.place.file == file} >= {"load_send_status", "run"}


def test_a_constant_that_unclear_code_needs_stays(unclear: Patch) -> None:
    assert "STATUS_FILENAME_BJ_AUG" in {use.name for use in unclear.remaining}
    assert [item.name for item in unclear.constants] == ["STATUS_FILENAME_SH_AUG"]


def test_a_parameter_that_is_still_used_stays_with_its_arguments(tmp_path: Path) -> None:
    code, patch = patched(tmp_path, loop("backup(file)\nupdate_send_status(file, key, '发送成功')"))
    assert "def run(csv, file):" in code
    assert "run([], STATUS_FILENAME_BJ_AUG)" in code
    assert "send_status" not in code
    assert "run still needs its parameter file" in patch.text


@pytest.mark.parametrize(
    ("use", "told"),
    [
        ("schedule(run, [], STATUS_FILENAME_BJ_AUG)", "run is handed on here without being called"),
        ("run(*everything)", "what run is given for file is known only at run time"),
        ("run([], somewhere())", "what run is given for file is known only at run time"),
        ("JOBS = {'run': 1}", "run is handed on here without being called"),
        ("run([], STATUS_FILENAME_TS)", None),
    ],
)
def test_a_function_that_others_call_otherwise_keeps_its_parameter(tmp_path: Path, use: str, told: str | None) -> None:
    code, patch = patched(tmp_path, loop("update_send_status(file, key, '发送成功')\ngo(key)") + use + "\n")
    assert "def run(csv, file):" in code
    assert "run([], STATUS_FILENAME_BJ_AUG)" in code
    assert use in code
    assert told is None or told in patch.text
    assert patch.remaining


def test_other_ways_to_give_and_to_take_a_parameter(tmp_path: Path) -> None:
    before = f"""{IMPORTS}
def first(file, csv):
    update_send_status(file, csv, '发送成功')


def second(csv, *, file):
    first(file, csv)


def third(csv, file=STATUS_FILENAME_BJ_AUG, more=1):
    second(csv, file=file)


third(1)
third(1, STATUS_FILENAME_SH_AUG, 2)
third(
    1,
    more=2,  # two
    file=STATUS_FILENAME_SH_AUG,  # Shanghai
)
"""
    code, patch = patched(tmp_path, before)
    assert (
        code
        == """from modules.config import *

def first(csv):
    pass


def second(csv):
    first(csv)


def third(csv, more=1):
    second(csv)


third(1)
third(1, 2)
third(
    1,
    more=2,  # Shanghai
)
"""
    )
    assert patch.remaining == ()


def test_named_imports_and_public_names_go(tmp_path: Path) -> None:
    before = (
        "from modules.config import (\n    STATUS_FILENAME_BJ_AUG,\n    WECOM_GROUP_NAME_BJ,\n"
        "    STATUS_FILENAME_SH_AUG,\n)\n"
        "from modules.file_utils import load_send_status, get_all_records_from_csv as rows\n\n"
        "if load_send_status(STATUS_FILENAME_BJ_AUG).get(1) != '发送成功':\n    print(WECOM_GROUP_NAME_BJ, rows)\n"
    )
    public = "from modules.config import STATUS_FILENAME_BJ_AUG\n\n__all__ = ['x', 'STATUS_FILENAME_BJ_AUG']\nx = 1\n"
    code, patch = patched(tmp_path, before, public=public)
    assert code == (
        "from modules.config import (\n    WECOM_GROUP_NAME_BJ,\n)\n"
        "from modules.file_utils import get_all_records_from_csv as rows\n\n"
        "print(WECOM_GROUP_NAME_BJ, rows)\n"
    )
    assert {item.name for item in patch.constants} == {"STATUS_FILENAME_SH_AUG"}
    assert "STATUS_FILENAME_BJ_AUG is still needed in public.py" in patch.text


def test_public_names_of_the_configuration_go(tmp_path: Path) -> None:
    config = "__all__ = ['A', 'STATUS_FILENAME_GZ']\nA = 1\nSTATUS_FILENAME_GZ = 'state/send_status_gz.json'\n"
    patched(tmp_path, "from other import *\nload_send_status(STATUS_FILENAME_GZ)\n", other=config)
    assert (tmp_path / "other.py").read_text() == "__all__ = ['A']\nA = 1\n"


def test_an_import_that_another_file_takes_from_here_stays(tmp_path: Path) -> None:
    code, _ = patched(
        tmp_path,
        "from modules.file_utils import load_send_status\nload_send_status('state/send_status_x.json')\nx = 1\n",
        user="from more import load_send_status\nload_send_status('technician_status_record.json')\n",
    )
    assert code == "from modules.file_utils import load_send_status\nx = 1\n"


def test_what_a_whole_function_calls_stays_whole_too(tmp_path: Path) -> None:
    before = f"{IMPORTS}\ndef was(key, f):\n    return load_send_status(f).get(key) == '发送成功'\n\n"
    calling = (
        before
        + "def run(file):\n    go(load_send_status(file))\n    return was(1, file)\n\nrun(STATUS_FILENAME_BJ_AUG)\n"
    )
    code, patch = patched(tmp_path, calling)
    assert code == calling
    assert "was stays as it is, since run calls it" in patch.text
    (tmp_path / "again").mkdir()
    code, _ = patched(tmp_path / "again", before + "print(was(1, STATUS_FILENAME_BJ_AUG))\n")
    assert code == "from modules.config import *\n\ndef was(key):\n    return False\n\nprint(was(1))\n"


def test_a_function_that_is_defined_twice_stays(tmp_path: Path) -> None:
    twice = "def run(csv, file):\n    update_send_status(file, csv, '发送成功')\n\n"
    before = f"{IMPORTS}\n{twice}{twice}run(1, STATUS_FILENAME_BJ_AUG)\n"
    code, patch = patched(tmp_path, before)
    assert code == before
    assert "run is defined twice" in patch.text


def test_methods(tmp_path: Path) -> None:
    before = f"""{IMPORTS}
class Notifier:
    def go(self, key):
        self.mark(key, STATUS_FILENAME_BJ_AUG)

    def mark(self, key, file):
        \"\"\"Marks it.\"\"\"
        update_send_status(file, key, '发送成功')
"""
    code, patch = patched(tmp_path, before)
    assert "self.mark(key)\n" in code
    assert 'def mark(self, key):\n        """Marks it."""\n' in code
    assert patch.remaining == ()


def test_a_mixed_table_of_files_is_left_to_a_person(tmp_path: Path) -> None:
    before = "FILES = {'bj': 'state/send_status_bj.json', 'ts': 'state/technician_status_record.json'}\n"
    code, patch = patched(tmp_path, before)
    assert code == before
    assert [(use.place.file, use.name) for use in patch.remaining] == [("more.py", "state/send_status_bj.json")]


CARRIED = {
    "plainly": ("file = STATUS_FILENAME_BJ_AUG\nnote(1, file)", "note(1)"),
    "with a type": ("file: str = STATUS_FILENAME_BJ_AUG\nnote(1, file)", "note(1)"),
    "by a path": ("file = 'state/send_status_bj_aug.json'\nnote(1, file)", "note(1)"),
    "put together": ("file = os.path.join('.', STATUS_FILENAME_BJ_AUG)\nnote(1, file)", "note(1)"),
    "by way of another": ("given = STATUS_FILENAME_BJ_AUG\nfile = given\nnote(1, file)", "note(1)"),
    "one of two": ("file = STATUS_FILENAME_BJ_AUG\nif x:\n    file = STATUS_FILENAME_SH_AUG\nnote(1, file)",
                   "note(1)"),
    "told of": ("file = STATUS_FILENAME_BJ_AUG\nprint('by', file)\nnote(1, file)", "note(1)"),
    "among others": ("csv = 'a'; file = STATUS_FILENAME_BJ_AUG\nnote(csv, file)", "csv = 'a'\nnote(csv)"),
    "in a function of its own": (
        "file = STATUS_FILENAME_BJ_AUG\ndef inner():\n    note(1, file)\ninner()",
        "def inner():\n    note(1)\ninner()",
    ),
}  # fmt: skip
"""Jobs in which a variable holds the file's name, and what is left of them."""

KEPT = {
    "used otherwise": "file = STATUS_FILENAME_BJ_AUG\nnote(1, file)\nbackup(file)",
    "another file perhaps": "file = STATUS_FILENAME_BJ_AUG if x else STATUS_FILENAME_TS\nprint(file)",
    "made by a call": "file = log(STATUS_FILENAME_BJ_AUG)",
    "for all to see": "global file\nfile = STATUS_FILENAME_BJ_AUG\nnote(1, file)",
}
NOTE = f"import os\n{IMPORTS}\n\ndef note(key, file):\n    update_send_status(file, key, '发送成功')\n\n\n"


def job(body: str) -> str:
    return f"def job(x):\n{indent(body, '    ')}\n"


@pytest.mark.parametrize("shape", CARRIED)
def test_a_variable_that_only_carried_the_name_goes_with_its_constant(tmp_path: Path, shape: str) -> None:
    before, after = CARRIED[shape]
    code, patch = patched(tmp_path, NOTE + job(before))
    assert code.endswith(f"def note(key):\n    pass\n\n\n{job(after)}")
    assert (patch.leftovers, patch.remaining) == ((), ())
    assert "STATUS_FILENAME_BJ_AUG" not in (tmp_path / "modules/config.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("shape", KEPT)
def test_a_variable_that_something_still_needs_stays_with_its_constant(tmp_path: Path, shape: str) -> None:
    code, patch = patched(tmp_path, NOTE + job(KEPT[shape]))
    assert KEPT[shape].splitlines()[0] in code
    assert "STATUS_FILENAME_BJ_AUG" in (tmp_path / "modules/config.py").read_text(encoding="utf-8")
    assert patch.remaining
