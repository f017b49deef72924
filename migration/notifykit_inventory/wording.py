"""The words of an inventory, in English and in Chinese: whose a use is and why, what it is, what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from notifykit.wording import Language, Reason, Sentences, Wording
from notifykit.wording.translation import spoken
from notifykit_inventory.model import Access, Danger, Fate, Owner, UseKind

WHY = Sentences()

SAID = WHY("said", "a comment says so", "注释里这样写")
NAMES = WHY("names", "names {what}", "指的是 {what}")
EITHERS = WHY("eithers", "{what} may be either's", "{what} 可能是合同的，也可能是技师的")
OWNERS = {
    Owner.CONTRACT: WHY("owner_contract", "contract", "合同"),
    Owner.TECHNICIAN: WHY("owner_technician", "technician", "技师"),
    Owner.SHARED: WHY("owner_shared", "shared", "共用"),
    Owner.WAITING: WHY("owner_waiting", "not migrated", "未迁移"),
    Owner.UNDECIDED: WHY("owner_undecided", "undecided", "待定"),
}
"""Whose it is, within a reason."""
GIVEN = WHY("given", "callers give a {owner:why} file", "调用者给的都是{owner:why}的文件")
GIVEN_BOTH = WHY("given_both", "callers give both files", "调用者给的文件两类都有")
GIVEN_WAITING = WHY(
    "given_waiting", "callers give files of campaigns that wait, too", "调用者给的文件里有尚未迁移的活动的"
)
RUN_TIME_NAME = WHY("run_time_name", "what {what} says is known only at run time", "{what} 的值运行时才知道")
RUN_TIME_CAMPAIGN = WHY(
    "run_time_campaign",
    "which campaign's file it is is known only at run time, and not all were migrated",
    "运行时才知道是哪个活动的文件，而有的活动尚未迁移",
)
RUN_TIME = WHY("run_time", "the file is known only at run time", "运行时才知道是哪个文件")
WORDS = WHY("words", "by the words of the function", "从函数的用词看出")
WORDS_MEET = WHY(
    "words_meet", "contract's and technician's words meet in the function", "函数里既有合同的用词，也有技师的用词"
)
COLUMN = WHY("column", "only contracts have this column", "只有合同有这一列")
ONE_FUNCTION = WHY("one_function", "one function for both", "两类共用一个函数")
USED_BOTH = WHY("used_both", "used for both", "两类都用到")
USED_ONLY = WHY("used_only", "used by {owner:why} code only", "只有{owner:why}的代码用到")
UNUSED = WHY("unused", "not used here", "这里没有用到")
NEVER_GIVEN = WHY("never_given", "no call that was found gives it anything", "没有找到给它传值的调用")
NEVER_CALLED = WHY("never_called", "nothing in this code names it", "这份代码里没有别处提到它")

_WORDING = Wording(WHY)

_CHINESE: Mapping[StrEnum, str] = {
    UseKind.CALL: "调用",
    UseKind.PASS: "传递文件",
    UseKind.DEFINITION: "定义",
    UseKind.REFERENCE: "引用",
    UseKind.IMPORT: "导入",
    UseKind.CONSTANT: "常量",
    UseKind.NAMED: "用到常量",
    UseKind.PATH: "路径",
    UseKind.FLAG: "标记列",
    UseKind.GATE: "判断",
    UseKind.PARAMETER: "参数",
    UseKind.UNCALLED: "没有人调用的函数",
    Access.READ: "读",
    Access.WRITE: "写",
    Access.BOTH: "读写",
    Access.NEITHER: "",
    **{owner: sentence.chinese for owner, sentence in OWNERS.items()},
    Fate.GOES: "去掉：发过什么，发件箱知道",
    Fate.STAYS: "保留：技师的文件照旧",
    Fate.SHARED: "保留，供技师使用",
    Fate.WAITS: "保留：它的活动尚未迁移",
    Fate.FLAG_READ: "保留：以后 Y 表示已发送，不再是已排队",
    Fate.FLAG_WRITE: "改由 notifykit 写：全部消息被接受之后才写标记",
    Fate.FLAG_NAMED: "保留",
    Fate.PERSON: "由人决定",
    Fate.UNCALLED: "这份代码之外也没有调用的话，可以去掉",
    Danger.POSITIONAL_INSERT: "INSERT INTO tasks 没有写列名",
    Danger.SELECT_STAR: "SELECT * FROM tasks",
    Danger.EXCEPT: "create_task 外面的 except",
    Danger.DIRECT: "自己打开 tasks.db",
}


def said(what: StrEnum | Reason) -> str:
    """Return a word or a reason in the language that is spoken."""
    return chinese(what) if spoken() == Language.CHINESE else str(what)


def chinese(what: StrEnum | Reason) -> str:
    """Return what a word or a reason is in Chinese."""
    return _WORDING.say(what, Language.CHINESE) if isinstance(what, Reason) else _CHINESE[what]
