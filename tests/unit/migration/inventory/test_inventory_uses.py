"""What an inventory finds in an old program, and whose it says it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from legacy_code import write_legacy_code
from notifykit_inventory.model import Access, Fate, Inventory, Owner, Use, UseKind
from notifykit_inventory.take import take_inventory
from notifykit_inventory.words import StatusFiles

CONTRACT, TECHNICIAN, UNDECIDED, SHARED = Owner.CONTRACT, Owner.TECHNICIAN, Owner.UNDECIDED, Owner.SHARED


def looked(folder: Path, code: str, files: StatusFiles | None = None) -> list[Use]:
    """Return the uses in one more file of the old program."""
    write_legacy_code(folder, {"more.py": code})
    return [use for use in take_inventory(folder, files).uses if use.place.file == "more.py"]


def only(folder: Path, code: str, files: StatusFiles | None = None) -> Use:
    (use,) = (use for use in looked(folder, code, files) if use.kind is not UseKind.IMPORT)
    return use


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    return take_inventory(write_legacy_code(tmp_path_factory.mktemp("program")))


def test_every_use_of_the_program_is_found(program: Inventory) -> None:
    found = [
        (f"{use.place.file}:{use.place.line}", use.kind, use.name, use.access, use.owner)
        for use in program.uses
        if use.place.file not in ("modules/file_utils.py", "modules/config.py")
    ]
    notification = "modules/notification_module.py"
    assert found == [
        ("jobs.py:6", UseKind.PASS, "notify_awards_jun_beijing", Access.BOTH, CONTRACT),
        ("jobs.py:10", UseKind.PASS, "notify_awards_jun_beijing", Access.BOTH, CONTRACT),
        ("jobs.py:19", UseKind.PASS, "notify_technician_status_changes", Access.BOTH, TECHNICIAN),
        (f"{notification}:4", UseKind.IMPORT, "load_send_status", Access.NEITHER, SHARED),
        (f"{notification}:4", UseKind.IMPORT, "update_send_status", Access.NEITHER, SHARED),
        (f"{notification}:12", UseKind.CALL, "load_send_status", Access.READ, CONTRACT),
        (f"{notification}:19", UseKind.FLAG, "是否发送通知", Access.READ, CONTRACT),
        (f"{notification}:25", UseKind.CALL, "update_send_status", Access.BOTH, CONTRACT),
        (f"{notification}:27", UseKind.FLAG, "是否发送通知", Access.WRITE, CONTRACT),
        (f"{notification}:36", UseKind.CALL, "load_send_status", Access.READ, TECHNICIAN),
        (f"{notification}:41", UseKind.CALL, "update_send_status", Access.BOTH, TECHNICIAN),
    ]


def test_the_functions_themselves_are_shared(program: Inventory) -> None:
    found = [(use.kind, use.owner) for use in program.uses if use.place.file == "modules/file_utils.py"]
    assert found == [*[(UseKind.DEFINITION, SHARED)] * 3, *[(UseKind.CALL, SHARED)] * 2]


def test_constants_say_what_they_name(program: Inventory) -> None:
    found = [(use.name, use.owner, use.fate) for use in program.uses if use.place.file == "modules/config.py"]
    assert found == [
        ("STATUS_FILENAME_BJ_AUG", CONTRACT, Fate.GOES),
        ("STATUS_FILENAME_SH_AUG", CONTRACT, Fate.GOES),
        ("STATUS_FILENAME_TS", TECHNICIAN, Fate.STAYS),
    ]


def test_what_becomes_of_the_flag(program: Inventory) -> None:
    fates = [use.fate for use in program.uses if use.kind is UseKind.FLAG]
    assert fates == [Fate.FLAG_READ, Fate.FLAG_WRITE]
    assert not any(use.remains for use in program.uses if use.kind is UseKind.FLAG)


def test_places_are_exact(tmp_path: Path) -> None:
    use = only(
        tmp_path, "class 通知:\n    def 跑(self):\n        消息 = 1; return load_send_status(STATUS_FILENAME_BJ_AUG)\n"
    )
    assert (use.place.line, use.place.column, use.place.function) == (3, 23, "通知.跑")


FROM_CONFIG = "from modules.config import *\nfrom modules.file_utils import *\n"


@pytest.mark.parametrize(
    "code",
    [
        FROM_CONFIG + "load_send_status(STATUS_FILENAME_BJ_AUG)",
        "import modules.config as c\nimport modules.file_utils as f\nf.load_send_status(c.STATUS_FILENAME_BJ_AUG)",
        "import modules.config as c, modules.file_utils\nmodules.file_utils.load_send_status(c.STATUS_FILENAME_BJ_AUG)",
        "from modules import config, file_utils\nfile_utils.load_send_status(config.STATUS_FILENAME_BJ_AUG)",
        FROM_CONFIG + "def job():\n    path = STATUS_FILENAME_BJ_AUG\n    load_send_status(filename=path)",
        "load_send_status(STATUS_FILENAME_BJ_AUG)  # where from, nobody knows",
        "from somewhere.else_ import load_send_status, STATUS_FILENAME_BJ_AUG as S\nload_send_status(S)",
    ],
)
def test_names_are_followed(tmp_path: Path, code: str) -> None:
    uses = [use for use in looked(tmp_path, code + "\n") if use.kind is UseKind.CALL]
    assert [(use.name, use.owner) for use in uses] == [("load_send_status", CONTRACT)]


def test_another_name_of_a_function_is_followed_through_files_without_any_telling_word(tmp_path: Path) -> None:
    changes: dict[str, str | bytes] = {
        "short.py": "from modules.file_utils import load_send_status as lss\nfrom modules.config import *\n"
        "BJ = STATUS_FILENAME_BJ_AUG\n",
        "user.py": "from short import *\nlss(BJ)\n",
        "other.py": "from short import lss as q\nimport short\nq(short.BJ)\n",
    }
    write_legacy_code(tmp_path, changes)
    uses = take_inventory(tmp_path).uses
    found = {use.place.file: (use.name, use.owner) for use in uses if use.kind is UseKind.CALL}
    assert found["user.py"] == found["other.py"] == ("load_send_status", CONTRACT)


@pytest.mark.parametrize(
    ("expression", "owner"),
    [
        ("'state/send_' + 'status_gz_aug' + '.json'", CONTRACT),
        ("f'state/send_status_{city}_aug.json'", CONTRACT),
        ("'state/send_status_%s_%d.json' % (city, 8)", CONTRACT),
        ("'state/send_status_%(c)s.json' % {'c': city}", CONTRACT),
        ("'{}/send_status_{city}.json'.format('state', city=city)", CONTRACT),
        ("os.path.join(BASE, 'state', 'send_status_gz.json')", CONTRACT),
        ("Path(BASE) / 'state' / 'send_status_gz.json'", CONTRACT),
        ("Path('state').joinpath('send_status_gz.json')", CONTRACT),
        ("str(Path('state', 'technician_status_record.json').resolve())", TECHNICIAN),
        ("'_'.join(['state/send', 'status', 'gz.json'])", CONTRACT),
        ("'STATE/SEND_STATUS_GZ.JSON'.lower()", CONTRACT),
        ("'state/send_status_gz.json' if city else 'state/send_status_sz.json'", CONTRACT),
        ("'state/send_status_gz.json' if city else 'state/technician_status_record.json'", SHARED),
        ("FILES['gz']", CONTRACT),
        ("FILES[city]", SHARED),
        ("FILES.get('ts')", TECHNICIAN),
        ("path_of('gz')", CONTRACT),
        ("Config.STATUS_FILENAME_GZ", CONTRACT),
        ("city", UNDECIDED),
        ("os.environ['STATUS']", UNDECIDED),
        ("settings.STATUS_FILENAME", UNDECIDED),
        ("settings.STATUS_FILENAME_GZ_AUG", CONTRACT),
        ("settings.STATUS_FILENAME_TS", TECHNICIAN),
    ],
)
def test_texts_are_folded(tmp_path: Path, expression: str, owner: Owner) -> None:
    code = f"""
import os
from pathlib import Path
import settings

BASE = os.path.dirname(__file__)
FILES = {{'gz': 'state/' + 'send_status_gz.json', 'ts': 'state/technician_' + 'status_record.json'}}


class Config:
    STATUS_FILENAME_GZ = 'state/send_status_gz.json'


def path_of(name):
    return 'state/send_status_' + name + '.json'


def job(city):
    load_send_status({expression})
"""
    uses = [use for use in looked(tmp_path, code) if use.kind is UseKind.CALL]
    assert [use.owner for use in uses] == [owner]


def test_names_that_refer_to_each_other_end(tmp_path: Path) -> None:
    doubling = "".join(f"A{n} = A{n + 1} + A{n + 1}\n" for n in range(20))
    code = f"{doubling}A20 = A0\nB = C\nC = B\ndef f():\n    x = x + x\n    load_send_status(x + A0 + B)\n"
    assert only(tmp_path, code).owner is UNDECIDED


def test_callers_decide_what_a_parameter_holds(tmp_path: Path) -> None:
    code = """
from modules.config import *

def inner(f, *, extra=None):
    return load_send_status(f)

def outer(csv, status):
    inner(status)
    inner(extra=csv, f=STATUS_FILENAME_TS)

outer('x.csv', STATUS_FILENAME_BJ_AUG)
"""
    found = [(use.name, use.owner) for use in looked(tmp_path, code)]
    assert found == [
        ("load_send_status", SHARED),
        ("inner", CONTRACT),
        ("inner", TECHNICIAN),
        ("outer", CONTRACT),
    ]


def test_words_decide_where_nothing_else_does(tmp_path: Path) -> None:
    code = """
def a(f):
    update_send_status(f, 1, '发送成功')

def b(f):
    update_send_status(f, 1, '通知成功')

def c(f):
    update_send_status(f, 1, '发送成功' if f else '通知成功')
"""
    assert [use.owner for use in looked(tmp_path, code)] == [CONTRACT, TECHNICIAN, UNDECIDED]


def test_a_comment_decides(tmp_path: Path) -> None:
    assert only(tmp_path, "load_send_status(f)\n").owner is UNDECIDED
    assert only(tmp_path, "load_send_status(f)  # notifykit: technician\n").owner is TECHNICIAN
    assert only(tmp_path, "load_send_status(\n    f,\n)  # see #3, notifykit: contract\n").owner is CONTRACT


def test_the_project_says_whose_a_file_is(tmp_path: Path) -> None:
    files = StatusFiles({"data/sent.json": CONTRACT, "data/send_status_people.json": TECHNICIAN})
    assert only(tmp_path, "load_send_status('data/sent.json')\n").owner is UNDECIDED
    assert only(tmp_path, "load_send_status('./data/sent.json')\n", files).owner is CONTRACT
    assert only(tmp_path, "load_send_status('data/send_status_people.json')\n", files).owner is TECHNICIAN
    assert only(tmp_path, "load_send_status(f'data/send_status_{x}.json')\n", files).owner is TECHNICIAN


@pytest.mark.parametrize(
    ("code", "access"),
    [
        ("open(STATUS_FILENAME_BJ_AUG)", Access.READ),
        ("open(STATUS_FILENAME_BJ_AUG, 'w', encoding='utf-8')", Access.WRITE),
        ("open(STATUS_FILENAME_BJ_AUG, mode='r+')", Access.BOTH),
        ("Path(STATUS_FILENAME_BJ_AUG).write_text('{}')", Access.WRITE),
        ("os.remove(STATUS_FILENAME_BJ_AUG)", Access.WRITE),
        ("os.path.exists(STATUS_FILENAME_BJ_AUG)", Access.READ),
        ("print(STATUS_FILENAME_BJ_AUG)", Access.NEITHER),
    ],
)
def test_other_uses_of_a_constant_are_told(tmp_path: Path, code: str, access: Access) -> None:
    use = only(tmp_path, f"import os\nfrom pathlib import Path\nfrom modules.config import *\n{code}\n")
    assert (use.kind, use.name, use.access, use.owner) == (UseKind.NAMED, "STATUS_FILENAME_BJ_AUG", access, CONTRACT)


def test_a_path_in_the_code_is_told(tmp_path: Path) -> None:
    use = only(tmp_path, "import json\njson.load(open('state/' + 'send_status_bj_aug.json'))\n")
    assert (use.kind, use.access, use.owner) == (UseKind.PATH, Access.READ, CONTRACT)


def test_words_about_a_file_are_no_use(tmp_path: Path) -> None:
    code = '"""Writes state/send_status_bj_aug.json."""\nprint("see send_status_bj_aug.json, please")\n'
    assert looked(tmp_path, code) == []


@pytest.mark.parametrize(
    "code", ["jobs.append(load_send_status)", "getattr(m, 'load_send_' + 'status')(f)", "partial(load_send_status, f)"]
)
def test_a_function_that_is_handed_on_is_undecided(tmp_path: Path, code: str) -> None:
    use = only(tmp_path, f"{code}\n")
    assert (use.kind, use.name, use.owner) == (UseKind.REFERENCE, "load_send_status", UNDECIDED)


def test_the_flag_column_is_told_by_any_name(tmp_path: Path) -> None:
    code = """
FLAG = '是否发送' + '通知'
def f(row, rows):
    if row.get(FLAG) == 'N' or row['是否发送通知']:
        row[FLAG] = 'Y'
    rows.append({'是否发送通知': 'N'})
    names = ['备注', '是否发送通知']
"""
    found = [use.access for use in looked(tmp_path, code) if use.kind is UseKind.FLAG]
    assert found == [Access.READ, Access.READ, Access.WRITE, Access.WRITE, Access.NEITHER]


def test_one_file_alone_follows_the_files_beside_it(tmp_path: Path) -> None:
    write_legacy_code(tmp_path)
    found = take_inventory(tmp_path / "jobs.py")
    assert found.files == 1
    assert [use.owner for use in found.uses] == [CONTRACT, CONTRACT, TECHNICIAN]


def test_a_folder_inside_of_the_program_finds_its_modules(tmp_path: Path) -> None:
    write_legacy_code(
        tmp_path, {"modules/more.py": "from modules.config import *\nload_send_status(STATUS_FILENAME_TS)\n"}
    )
    uses = [use for use in take_inventory(tmp_path / "modules").uses if use.place.file == "more.py"]
    assert [(use.owner, use.why.text) for use in uses] == [(TECHNICIAN, "names ./state/technician_status_record.json")]
