"""Drafts of campaigns: what they say is what the old program's code does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent

import pytest
import yaml
from click.testing import CliRunner
from legacy_code import write_legacy_code
from notifykit_inventory.drafts.drafting import Channels, Drafts, draft_campaigns
from notifykit_inventory.drafts.model import CampaignDraft, MessageDraft
from notifykit_inventory.drafts.yaml_form import campaign_file
from notifykit_inventory.take import TreeScan
from notifykit_inventory.words import StatusFiles
from program_world import BEIJING_GROUP, ProgramWorld, contract, csv_row

from notifykit.campaign.campaign import Campaign
from notifykit.campaign.render import compile_condition, compile_template
from notifykit.cli.app import build_cli
from notifykit.model import Record, Table
from notifykit.pipeline.project import open_project

KEY, NUMBER, KEEPER, FLAG = "合同ID(_id)", "合同编号(contractdocNum)", "管家(serviceHousekeeper)", "是否发送通知"
ROW = {
    KEY: "1",
    NUMBER: "YHWX-1",
    KEEPER: "测试管家",
    FLAG: "N",
    "金额": "12345.6",
    "备注": " 好 ",
    "x": "",
    "百": "100",
}

HEAD = """\
from modules.config import *
from modules.file_utils import *
from task_manager import create_task

BADGE, ELITE, LIMIT, ON, OFF = '🎖️', ['测试管家', '别人'], 10000, True, False


def preprocess(amount):
    if amount == '':
        return '0'
    return f'{int(float(amount)):,d}'


def name_of(record, mark=BADGE):
    name = record['管家(serviceHousekeeper)']
    if ON and name in ELITE:
        name = mark + name
    return name
"""

TEXTS = {
    "f-string": "f\"签约 {row['合同编号(contractdocNum)']} {{ok}}\"",
    "sum": "'签约 ' + row['合同编号(contractdocNum)'] + '!'",
    "percent": "'%s: %s 100%%' % (row['管家(serviceHousekeeper)'], row['备注'])",
    "percent of one": "'%s' % row['备注']",
    "percent of a number": "'%d|%i' % (float(row['金额']), LIMIT)",
    "formats of constants": "f'{LIMIT:,}|{10:03d}|{3.14159:.2f}|{BADGE:>4}' + '%d' % 3.7",
    "named percent": "'%(a)s' % {'a': row['备注']}",
    "percent with places": "'%.2f|%05d' % (float(row['金额']), int(float(row['金额'])))",
    "format": "'{} {0} {{}}'.replace('{0}', '').format(row['备注'])",
    "named format": "'{a}-{b:>4}'.format(a=row['x'], b=row['备注'])",
    "format specification": "f\"{float(row['金额']):,.1f}\"",
    "conversion": "f\"{row['备注']!s}\"",
    "methods": "row['备注'].strip() + row['管家(serviceHousekeeper)'].replace('测', '试').upper()",
    "get": "row.get('备注')",
    "slices": "row['合同编号(contractdocNum)'][:4] + row['合同编号(contractdocNum)'][-1]",
    "choice": "'空' if row['x'] == '' else row['x'] + '!'",
    "choice by a constant": "row['备注'] if OFF else '没有'",
    "choice by what is in it": "('恭喜' if '无' in row['备注'] else f'{row[\"备注\"]}') + '。'",
    "or": "row['x'] or '没有'",
    "arithmetic": "f\"{int(float(row['金额'])) + 1} {float(row['金额']) * 2}\"",
    "length": "str(len(row['备注']))",
    "repeated": "'=' * 3 + row['备注']",
    "a function": "preprocess(row['金额']) + preprocess(row['x'])",
    "a function with more": "name_of(row) + name_of(row, mark='*')",
    "a number as it is written": "f\"{float(row['金额'])} {int(row['百'])}\" + str(float(row['百']))",
    "methods of a constant": "' 一 '.strip() + BADGE.replace('🎖️', '章') + row['备注']",
    "a constant": "WECOM_GROUP_NAME_BJ + BADGE",
    "braces": "'{{ x }} {% y %} {# z #} {' + row['备注'] + '}'",
    "lines": "'一\\n  二\\n\\n' + row['备注'] + '\\n'",
    "quotes": "'\"\\\\' + (row['备注'] if row['x'] != '\"' else \"'\")",
}


def notifier(body: str, *, loop: str = "for row in get_all_records_from_csv(csv):") -> str:
    lines = body.replace("\n", "\n        ")
    return f"""{HEAD}

def job(csv, file):
    sent = load_send_status(file)
    {loop}
        {lines}
        update_send_status(file, row['合同ID(_id)'], '发送成功')
        row['是否发送通知'] = 'Y'


job('state/bj.csv', 'state/send_status_bj.json')
"""


def drafted(folder: Path, code: str, channels: Channels | None = None) -> Drafts:
    """Return the drafts of a program with one more file; those of its own two jobs are not among them."""
    scan = TreeScan(write_legacy_code(folder, {"jobs.py": "", "more.py": code}))
    scan.run()
    return draft_campaigns(scan, StatusFiles(), channels or Channels(("desk",)))


def one(folder: Path, code: str) -> CampaignDraft:
    (found,) = drafted(folder, code).campaigns
    assert yaml.safe_load(campaign_file(found))["messages"][0]["template"] == found.messages[0].template
    return found


def record(row: Mapping[str, str]) -> Record:
    return Record(
        key="1", table=Table("csv", {name: at for at, name in enumerate(row)}), cells=tuple(row.values()), row=1
    )


DUE = "if row['是否发送通知'] == 'N' and sent.get(row['合同ID(_id)']) != '发送成功':\n    "
PLAIN = "create_task('send_wecom_message', '群', f\"{row['合同编号(contractdocNum)']}\")"


@pytest.mark.parametrize("shape", TEXTS)
def test_a_template_gives_the_text_that_the_code_gives(tmp_path: Path, shape: str) -> None:
    text = TEXTS[shape]
    draft = one(tmp_path, notifier(f"{DUE}create_task('send_wecom_message', '群', {text})"))
    names: dict[str, object] = {"WECOM_GROUP_NAME_BJ": "北京签约喜报群", "row": ROW}
    exec(HEAD.partition("create_task\n")[2], names)
    (message,) = draft.messages
    assert "template" not in message.marks
    assert compile_template(message.template, where="draft")(record(ROW)) == eval(text, names)


CONDITIONS = {
    "if row['状态'] == '1':\n    {make}": ["1"],
    "if row['状态'] != '1' or row['y'] in ('a', 'b'):\n    {make}": ["0", "2", "1a"],
    "if not row['y'] and row['状态']:\n    {make}": ["1", "0", "2"],
    "if row['状态'] != '1':\n    continue\n{make}": ["1", "1a"],
    "if row['状态'] == '1':\n    pass\nelif int(row['状态']) > 1:\n    {make}": ["2"],
    "award = row['状态'] == '1' and ON\nif award:\n    {make}": ["1", "1a"],
    "if row['y'].startswith('a'):\n    {make}": ["1a"],
    "if ON:\n    {make}": None,
    "if row['合同ID(_id)'] in sent: continue\n{make}": None,
}
SEEN = {"1": ("1", ""), "0": ("0", ""), "2": ("2", ""), "1a": ("1", "a")}


@pytest.mark.parametrize("shape", CONDITIONS)
def test_a_condition_is_true_where_the_code_makes_the_message(tmp_path: Path, shape: str) -> None:
    body = shape.format(make=PLAIN.replace("\n", "\n    "))
    (message,) = one(tmp_path, notifier(f"if row['是否发送通知'] != 'N': continue\n{body}")).messages
    expected = CONDITIONS[shape]
    if expected is None:
        assert message.when is None
        return
    assert message.when is not None
    when = compile_condition(message.when, "draft")
    true = [name for name, (state, y) in SEEN.items() if when(record({**ROW, "状态": state, "y": y}))]
    assert set(expected) <= set(true)
    assert ("0" in true) is ("0" in expected)


FLOWS = {
    "a flag": "ok = False\nif {c}:\n    ok = True\nif ok:\n    {make}",
    "a number": "n = 0\nif {c}:\n    n = 1\nif n:\n    {make}",
    "a count": "n = 0\nif {c}:\n    n += 1\nif n > 0:\n    {make}",
    "a choice": "ok = True if {c} else False\nif not ok:\n    continue\n{make}",
    "a text or none": "t = ''\nif {c}:\n    t = 'a'\nif t:\n    {make}",
    "given": "tell(row, {c})",
    "given a constant": "if {c}:\n    tell(row, True)\nelse:\n    tell(row)",
    "left within": "if row['y']:\n    if not ({c}):\n        continue\n{make}",
    "left within both": "if row['y']:\n    if {c}: continue\nelif not ({c}): continue\n{make}",
    "a constant": "ok = OFF or {c}\nif ok:\n    {make}",
    "an empty list": "if [] or {c}:\n    {make}",
}
TELL = f"""
def tell(row, wanted=False):
    if wanted:
        {PLAIN}
"""


@pytest.mark.parametrize("condition", ["row['状态'] == '1'", "row['状态'] > '0' and not row['y']", "int(row['状态'])"])
@pytest.mark.parametrize("flow", FLOWS)
def test_the_message_is_of_those_records_of_which_the_code_makes_it(tmp_path: Path, flow: str, condition: str) -> None:
    body = FLOWS[flow].format(c=condition, make=PLAIN)
    code = notifier(f"if row['是否发送通知'] != 'N': continue\n{body}")
    messages = one(tmp_path, code.replace("\n\ndef job(", f"{TELL}\n\ndef job(")).messages
    assert [message.marks for message in messages] == [{}] * len(messages)
    for state, y in SEEN.values():
        row = {**ROW, "状态": state, "y": y}
        told: list[tuple[str, ...]] = []
        names: dict[str, object] = {
            "row": row,
            "OFF": False,
            "create_task": lambda *given, told=told: told.append(given),
        }
        exec(f"{TELL}\nfor _ in (1,):\n{indent(body, '    ')}", names)
        conditions = [compile_condition(message.when or "true", "draft") for message in messages]
        assert sum(when(record(row)) for when in conditions) == len(told)


@pytest.mark.parametrize(
    "body",
    [
        f"match row['y']:\n    case 'a':\n        continue\n{PLAIN}",
        f"if perhaps(row) is None:\n    {PLAIN}",
        f"if unless(row) is None:\n    {PLAIN}",
        f"n = '0' if row['y'] else ''\nwhile n: n = None\nif n:\n    {PLAIN}",
    ],
)
def test_a_condition_that_only_a_run_can_tell_is_marked(tmp_path: Path, body: str) -> None:
    perhaps = "\n\ndef perhaps(row):\n    if row['y']:\n        return row['y']\n\n\n"
    perhaps += "def unless(row):\n    if row['y']:\n        return\n    return 'a'\n\n\ndef job("
    code = notifier(f"if row['是否发送通知'] != 'N': continue\n{body}").replace("\n\n\ndef job(", perhaps)
    (message,) = one(tmp_path, code).messages
    assert "when" in message.marks


WAYS = {
    "as it is": "for row in get_all_records_from_csv(csv):",
    "numbered": "for number, row in enumerate(get_all_records_from_csv(csv), 1):",
    "by hand": "reader = __import__('csv').DictReader(open(csv))\n    for row in list(reader):",
    "opened": "with open(csv) as file:\n        rows = list(__import__('csv').DictReader(file))\n    for row in rows:",
    "tried": "try:\n        rows = get_all_records_from_csv(csv)\n    except OSError: return\n    for row in rows:",
    "picked": "due = [r for r in get_all_records_from_csv(csv) if r['是否发送通知'] == 'N']\n    for row in due:",
}


@pytest.mark.parametrize("way", WAYS)
def test_where_the_records_come_from_and_what_keeps_who_was_notified(tmp_path: Path, way: str) -> None:
    draft = one(tmp_path, notifier(f"{DUE}{PLAIN}", loop=WAYS[way]))
    assert (draft.source, draft.status_file) == ("state/bj.csv", "state/send_status_bj.json")
    assert (draft.key, draft.flag, draft.sent, draft.word) == (KEY, FLAG, "Y", "发送成功")
    assert draft.unsent == "N" or way == "picked"


READ = "rows = get_all_records_from_csv(csv)"
PICKING = {
    "for row in rows[5:]:": "rows[5:]",
    "for row in sorted(rows, key=name_of)[:10]:": "sorted(rows, key=name_of)[:10]",
    "for number, row in enumerate(rows[1:], 1):": "rows[1:]",
    "for row in rows[::2]:": "rows[::2]",
    "for row in filter(lambda r: r['x'], rows):": "filter(lambda r: r['x'], rows)",
    "for row in __import__('itertools').islice(rows, 10):": "__import__('itertools').islice(rows, 10)",
    "for row, _ in zip(rows, range(10)):": "zip(rows, range(10))",
    "for row in rows.head(10):": "rows.head(10)",
    "due = [r for r in rows if r['x']]\n    due = due[-20:]\n    for row in due:": "due[-20:]",
    "rest = rows\n    rest.pop(0)\n    for row in rows:": "rest.pop(0)",
    "first = next(rows)\n    for row in rows:": "next(rows)",
    "del rows[3:]\n    for row in rows:": "rows[3:]",
    "rows[:] = find(rows)\n    for row in rows:": "rows[:]",
    "shorten(rows)\n    for row in rows:": "found.pop()",
    "rows = shortened(rows)\n    for row in rows:": "found.pop()",
    "for row in [r for r in rows if find(r)]:": "[r for r in rows if find(r)]",
    "for row in [r for r in rows if r['x'] in sent]:": "[r for r in rows if r['x'] in sent]",
    "for row in due_of(rows):": "due_of(rows)",
    "for row in enough(rows):": "enough(rows)",
    "for row in late(csv):": "[r for r in all_of(file) if r['x']][1:]",
    "for row in due_of(csv):": "due_of(csv)",
    "for row in rows:\n        if row['x']: rows.remove(row)": "rows.remove(row)",
}
SHORTEN = """
def shorten(found):
    found.pop()


def shortened(found):
    shorten(found)
    return found


def all_of(file):
    if find(file):
        return []
    with open(file) as opened:
        return list(__import__('csv').DictReader(opened))


def enough(found):
    if len(found) < 5:
        return []
    return found


def late(file):
    if find(file):
        return [r for r in all_of(file) if r['x']][1:]
    return []


def due_of(found):
    due = []
    for one in found:
        due.append(one)
    return due
"""


@pytest.mark.parametrize("loop", PICKING)
def test_which_of_the_records_only_a_run_can_tell_is_marked(tmp_path: Path, loop: str) -> None:
    code = notifier(f"{DUE}{PLAIN}", loop=f"{READ}\n    {loop}").replace("\n\ndef job(", f"{SHORTEN}\n\ndef job(")
    draft = one(tmp_path, code)
    assert draft.source == "state/bj.csv"
    (message,) = draft.messages
    assert message.when is not None
    assert message.when.endswith("undecided")
    assert [mark.what for mark in message.marks["when"]] == [f"which of the records are told: {PICKING[loop]}"]


@pytest.mark.parametrize(
    "loop",
    [
        "for row in sorted(rows, key=name_of):",
        "for number, row in enumerate(list(reversed(rows)), 1):",
        "for row in all_of(csv):",
        "rows.sort(key=name_of)\n    for row in rows[:]:",
        "rows = __import__('json').load(open('state/bj.json'))['data']\n    for row in rows:",
    ],
)
def test_a_copy_of_all_records_is_all_of_them(tmp_path: Path, loop: str) -> None:
    code = notifier(f"{DUE}{PLAIN}", loop=f"{READ}\n    {loop}").replace("\n\ndef job(", f"{SHORTEN}\n\ndef job(")
    draft = one(tmp_path, code)
    assert (draft.source is not None, draft.marked) == (True, [])


def test_two_lists_in_one_are_for_a_person(tmp_path: Path) -> None:
    loop = f"{READ}\n    rows += get_all_records_from_csv('state/sh.csv')\n    for row in rows:"
    assert list(one(tmp_path, notifier(f"{DUE}{PLAIN}", loop=loop)).marks) == ["source.path"]


@pytest.mark.parametrize(
    ("before", "marked"),
    [
        ("if len(rows) < 5: return", "whether len(rows) < 5"),
        ("count = len(rows)\n    if rows and count % 2: return", "whether rows and count % 2"),
        ("if ON:\n        if find():\n            if rows[0]['x']: return", "whether rows[0]['x']"),
        ("if not rows: return", None),
        ("if len(rows) == 0 or rows is None: return", None),
        ("if find(): return", None),
    ],
)
def test_a_condition_on_all_the_records_is_marked(tmp_path: Path, before: str, marked: str | None) -> None:
    (message,) = one(tmp_path, notifier(f"{DUE}{PLAIN}", loop=f"{READ}\n    {before}\n    for row in rows:")).messages
    assert [mark.what for mark in message.marks.get("when", ())] == ([marked] if marked else [])


def test_other_words_and_columns_are_said(tmp_path: Path) -> None:
    code = notifier(f"{DUE}{PLAIN}").replace("发送成功", "好了").replace("'N'", "'0'").replace("'Y'", "'1'")
    said = yaml.safe_load(campaign_file(one(tmp_path, code.replace("是否发送通知", "通知"))))
    assert said["strategy"] == {"type": "contract", "flag": "通知", "unsent": "0", "sent": "1"}
    assert said["legacy"]["sent_word"] == "好了"


def test_what_only_a_run_can_tell_is_marked_with_file_and_line(tmp_path: Path) -> None:
    code = notifier(f"{DUE}create_task('send_wecom_message', find(row), f\"{{now()}} {{row['备注']}}\")")
    draft = one(tmp_path, code)
    line = next(at for at, text in enumerate(code.splitlines(), 1) if "find(row)" in text)
    text = campaign_file(draft)
    assert (
        f"    # TODO more.py:{line}: find(row) is known only at run time\n    recipient: '{{{{ undecided }}}}'\n"
        in text
    )
    assert (
        f"    # TODO more.py:{line}: now() is known only at run time\n    template: '{{{{ undecided }}}} {{{{" in text
    )
    assert "# TODO more.py" in text.partition("legacy:")[2], "no number is in its text"


def test_what_no_campaign_is_drafted_of_is_told_with_the_reason(tmp_path: Path) -> None:
    code = f"""{HEAD}

def report():
    create_task('send_wecom_message', '群', '日报')


def remind():
    for order in orders():
        create_task('send_wecom_message', '群', order['n'])
"""
    found = drafted(tmp_path, code).undrafted
    assert {(item.function, item.why) for item in found} == {
        ("report", "its messages are not made in a loop over records"),
        ("remind", "it keeps no send status"),
        ("notify_awards_jun_beijing", "nothing tells which files it is given: nobody calls it, or only at run time"),
        (
            "notify_technician_status_changes",
            "nothing tells which files it is given: nobody calls it, or only at run time",
        ),
    }


UNREAD = {
    "never run": "    if OFF:\n        create_task('send_wecom_message', '群', '报')\n",
    "given at run time": "    create_task(*message())\n",
    "in a comprehension": "    def inner():\n        create_task('send_wecom_message', '群', '报')\n    inner()\n",
}


@pytest.mark.parametrize("way", UNREAD)
def test_a_message_that_could_not_be_followed_is_told(tmp_path: Path, way: str) -> None:
    found = drafted(tmp_path, f"{HEAD}\n\ndef report():\n{UNREAD[way]}")
    assert found.campaigns == ()
    (why,) = {item.why for item in found.undrafted if item.file == "more.py"}
    assert "could not be followed" in why


def test_no_draft_is_made_of_code_that_was_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifykit_inventory.drafts.walking._STATEMENTS", 6)
    found = drafted(tmp_path, notifier(f"{DUE}{PLAIN}"))
    assert found.campaigns == ()
    assert "could not be followed" in next(item.why for item in found.undrafted if item.file == "more.py")


def test_nothing_else_that_is_called_so_is_a_message(tmp_path: Path) -> None:
    code = "import asyncio\n\n\nasync def run():\n    asyncio.create_task(other())\n    Task(1)\n"
    assert [item for item in drafted(tmp_path, code).undrafted if item.file == "more.py"] == []


STATEMENTS = {
    "added to a text": "text = '签约'\nif row['x']:\n    text += '!'",
    "added to a column": "row['备注'] += '!'\ntext = row['备注']",
    "written to a column": "row['x'] = row['备注'] + '!'\ntext = row['x']",
    "two at once": "row['备注'], text = '好', row['备注']\ntext += row['备注']",
    "exchanged": "a, b = '一', row['备注']\na, b = b, a\ntext = a + b",
    "written by a function": "enrich(row)\ntext = row['备注']",
    "chosen by a function": "text = '有' if has(row) else '没有'",
    "chosen by its opposite": "text = '没有' if not has(row) else '有'",
}
HELPERS = """
def enrich(found):
    found['备注'] = found['备注'] + '!'


def has(found):
    if found['x'] == '':
        return False
    return True
"""
TOLD = "create_task('send_wecom_message', row['合同编号(contractdocNum)'], text)"


def told_by(folder: Path, statements: str) -> MessageDraft:
    code = notifier(f"if row['是否发送通知'] != 'N': continue\n{statements}")
    (message,) = one(folder, code.replace("\n\ndef job(", f"{HELPERS}\n\ndef job(")).messages
    return message


@pytest.mark.parametrize("shape", STATEMENTS)
def test_a_template_gives_what_statements_made(tmp_path: Path, shape: str) -> None:
    message = told_by(tmp_path, f"{STATEMENTS[shape]}\n{TOLD}")
    assert message.marks == {}
    for x in ("", "有"):
        names: dict[str, object] = {"row": {**ROW, "x": x}}
        exec(f"{HELPERS}\n{STATEMENTS[shape]}", names)
        assert compile_template(message.template, where="draft")(record({**ROW, "x": x})) == names["text"]


@pytest.mark.parametrize(
    "changed",
    [
        "if row['x']: row['备注'] = '有'",
        "if row['x']: enrich(row)",
        "row[find()] = '有'",
        "row.update(other)",
        "del row['备注']",
    ],
)
def test_what_a_column_holds_after_a_change_that_only_a_run_can_tell_is_marked(tmp_path: Path, changed: str) -> None:
    message = told_by(tmp_path, f"{changed}\ntext = row['备注']\n{TOLD}")
    assert message.template == "{{ undecided }}"
    assert "template" in message.marks


@pytest.mark.parametrize(
    ("statements", "marked"),
    [
        (f"if row['x']: break\n{TOLD}", True),
        (f"if row['x']: return\n{TOLD}", True),
        (f"{TOLD}\nbreak", True),
        (f"for one in range(3): break\n{TOLD}", False),
    ],
)
def test_whether_a_loop_was_left_before_is_for_a_person(tmp_path: Path, statements: str, marked: bool) -> None:
    message = told_by(tmp_path, f"text = '好'\n{statements}")
    assert ["left here" in mark.what for mark in message.marks.get("when", ())] == [True] * marked


def test_two_loops_over_one_status_file_are_for_a_person(tmp_path: Path) -> None:
    code = notifier(f"{DUE}{PLAIN}").replace("def job", "def one").replace("job(", "one(")
    code += notifier(f"{DUE}{PLAIN}").partition(HEAD)[2].replace("state/bj.csv", "state/other.csv")
    drafts = drafted(tmp_path, code).campaigns
    assert [(draft.name, [mark.what for mark in draft.marked]) for draft in drafts] == [
        ("bj", []),
        ("bj-2", ["one file belongs to one campaign, and bj has the same"]),
    ]


def test_code_of_any_depth_is_read(tmp_path: Path) -> None:
    deep = " + ".join(["find(row)"] * 1500)
    found = drafted(tmp_path, notifier(f"{DUE}create_task('send_wecom_message', '群', {deep})"))
    assert [draft.marked != [] for draft in found.campaigns] == [True]


def test_a_function_in_a_block_of_its_module_is_read(tmp_path: Path) -> None:
    before, _, rest = notifier(f"{DUE}{PLAIN}").partition("def job(csv, file)")
    function = f"def job(csv='state/bj.csv', file='state/send_status_bj.json'){rest.rpartition('job(')[0]}"
    draft = one(tmp_path, f"{before}if ON:\n{indent(function, '    ')}")
    assert (draft.function, draft.marked) == ("job", [])


def test_other_ways_to_make_a_message(tmp_path: Path) -> None:
    tasks = "class Task:\n    def __init__(self, task_type, recipient, message):\n        pass\n"
    code = notifier(f"{DUE}Task('send_wecom_message', '群', row['备注']).save()").replace(
        "import create_task", "import Task"
    )
    (tmp_path / "own").mkdir()
    scan = TreeScan(write_legacy_code(tmp_path / "own", {"jobs.py": "", "task_manager.py": tasks, "more.py": code}))
    scan.run()
    (draft,) = draft_campaigns(scan, StatusFiles(), Channels()).campaigns
    assert draft.messages[0].template == '{{ record["备注"] }}'
    matching = "match row['状态']:\n    case '1':\n        create_task('send_wecom_message', '群', row['备注'])"
    (message,) = one(tmp_path / "more", notifier(f"if row['是否发送通知'] != 'N': continue\n{matching}")).messages
    assert message.when == "undecided"
    assert message.marks["when"][0].what == "whether it is '1'"


def test_messages_that_functions_make_and_a_class(tmp_path: Path) -> None:
    code = f"""{HEAD}
class Notifier:
    GROUP = '群'

    def run(self, csv):
        sent = load_send_status('state/send_status_bj.json')
        for row in get_all_records_from_csv(csv):
            if row['合同ID(_id)'] not in sent and row['是否发送通知'] == 'N':
                self.tell(row, self.GROUP)
                row['是否发送通知'] = 'Y'

    def tell(self, row, group):
        create_task('send_wecom_message', group, row['合同编号(contractdocNum)'])
        if row['状态'] == '1':
            create_task('send_wechat_message', row['管家(serviceHousekeeper)'], row['合同编号(contractdocNum)'])

def job():
    Notifier.run(Notifier(), 'state/bj.csv')
"""
    draft = one(tmp_path, code)
    assert [(item.name, item.recipient, item.when) for item in draft.messages] == [
        ("group", "群", None),
        ("person", f'{{{{ record["{KEEPER}"] }}}}', 'record["状态"] == "1"'),
    ]


def test_a_channel_is_the_projects(tmp_path: Path) -> None:
    code = notifier(f"{DUE}{PLAIN}")
    (draft,) = drafted(tmp_path, code, Channels(("a", "b"), {"send_wecom_message": "b"})).campaigns
    assert draft.messages[0].sender == "b"
    (draft,) = drafted(tmp_path, code, Channels(("a", "b"))).campaigns
    assert "sender: undecided" in campaign_file(draft)


# The command, on the old program with its project.


def run(world: ProgramWorld, *arguments: str) -> tuple[int, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(
        build_cli(),
        ["--project", str(world.project), "inventory", str(world.folder), *arguments],
        prog_name="notifykit",
    )
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout


def made(campaign: Campaign, here: Record) -> list[tuple[str, str, str]]:
    due = (message for message in campaign.messages if message.when is None or message.when(here))
    return [(message.recipient(here), message.text(here), message.task_type) for message in due]


@pytest.fixture
def world(tmp_path: Path) -> ProgramWorld:
    """The old program, with a project and no campaigns."""
    world = ProgramWorld(tmp_path / "program")
    world.fill()
    shutil.move(world.folder / "campaigns", tmp_path / "described")
    return world


def test_drafts_without_marks_load_and_say_what_a_person_said(world: ProgramWorld, tmp_path: Path) -> None:
    code, said = run(world, "--campaigns", str(world.folder / "campaigns"), "--json")
    assert code == 0
    drafts = {item["campaign"]: item for item in json.loads(said)["drafts"]}
    assert [item["marks"] == [] for item in drafts.values()] == [False, True, True]
    (world.folder / "campaigns" / "technician.yaml").unlink()
    found = {campaign.name: campaign for campaign in open_project(world.project).campaigns()}
    shutil.move(world.folder / "campaigns", tmp_path / "drafted")
    shutil.move(tmp_path / "described", world.folder / "campaigns")
    known = {campaign.name: campaign for campaign in open_project(world.project).campaigns()}
    for name, other in (("bj-aug", "beijing"), ("sh-aug", "shanghai")):
        draft, described = found[name], known[other]
        assert draft.legacy is not None
        assert described.legacy is not None
        assert (draft.legacy.status_file, draft.legacy.sent_word, draft.legacy.number) == (
            described.legacy.status_file, described.legacy.sent_word, described.legacy.number
        )  # fmt: skip
        for award in (False, True):
            row = {key: str(value) for key, value in csv_row(contract(1, award=award), 3).items()}
            here = record({**row, "备注": "好" if award else "无"})
            assert made(draft, here) == made(described, here)


def test_a_file_that_is_there_stays_as_it_is(world: ProgramWorld) -> None:
    folder = world.folder / "campaigns"
    folder.mkdir()
    (folder / "bj-aug.yaml").write_text("mine", encoding="utf-8")
    before = {path: path.read_bytes() for path in world.folder.rglob("*.py")}
    code, said = run(world, "--campaigns", str(folder))
    assert code == 0
    assert (folder / "bj-aug.yaml").read_text(encoding="utf-8") == "mine"
    assert f"{folder / 'bj-aug.yaml'}: is there already, and stays as it is" in said
    assert BEIJING_GROUP not in said
    assert (folder / "sh-aug.yaml").exists()
    assert {path: path.read_bytes() for path in world.folder.rglob("*.py")} == before


def test_what_a_campaign_describes_is_not_drafted_again(world: ProgramWorld, tmp_path: Path) -> None:
    shutil.move(tmp_path / "described", world.folder / "campaigns")
    (world.folder / "campaigns" / "shanghai.yaml").unlink()
    text = (world.folder / "campaigns" / "beijing.yaml").read_text(encoding="utf-8")
    other = text.replace("send_status_bj_aug.json", "sent.json")  # the same data is told by its CSV file as well
    (world.folder / "campaigns" / "beijing.yaml").write_text(other, encoding="utf-8")
    folder = tmp_path / "drafts"
    said = run(world, "--campaigns", str(folder))[1]
    assert [path.name for path in folder.iterdir()] == ["sh-aug.yaml"]
    assert "campaign beijing names its file state/PerformanceData-BJ-Aug.csv already" in said
    assert "campaign technicians names its file state/technician_status_record.json already" in said


def test_a_status_file_may_be_named_by_the_strategy_alone(world: ProgramWorld, tmp_path: Path) -> None:
    technicians = (tmp_path / "described" / "technicians.yaml").read_text(encoding="utf-8")
    (world.folder / "campaigns").mkdir()
    named = technicians[: technicians.index("legacy:")]
    (world.folder / "campaigns" / "people.yaml").write_text(named, encoding="utf-8")
    said = run(world, "--campaigns", str(tmp_path / "drafts"))[1]
    assert "campaign people names its file state/technician_status_record.json already" in said
    assert not (tmp_path / "drafts" / "technician.yaml").exists()


def test_a_folder_that_cannot_be_written(world: ProgramWorld) -> None:
    (world.folder / "file").write_text("")
    assert run(world, "--campaigns", str(world.folder / "file"))[0] == 4
