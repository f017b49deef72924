"""A draft as a campaign file: YAML, with a comment above each key that the code does not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from notifykit.wording.translation import gettext
from notifykit_inventory.drafts.drafting import NUMBER
from notifykit_inventory.drafts.model import CampaignDraft, Mark, MessageDraft
from notifykit_inventory.drafts.symbols import UNDECIDED
from notifykit_inventory.model import Owner
from notifykit_inventory.words import FLAG_COLUMN

_WORDS = {Owner.CONTRACT: "发送成功", Owner.TECHNICIAN: "通知成功"}
"""What is written under a key, unless a campaign says otherwise."""

Items = Mapping[str, object]


def campaign_file(draft: CampaignDraft) -> str:
    """Return the text of a campaign file.

    What could not be told is `undecided`, below a comment `# TODO` that names file and line of the code: `notifykit
    check` reports it until a person has decided.
    """
    return "".join(f"{line}\n" for line in _lines(draft))


def _lines(draft: CampaignDraft) -> Iterator[str]:
    place = f"{draft.file}:{draft.line}{f' ({draft.function})' if draft.function else ''}"
    yield gettext("# Drafted from {place}.", place=place)
    yield gettext(
        "# Paths are as the code says them: relative to the folder of notifykit.yaml, where the old program runs."
    )
    if draft.marked:
        yield gettext("# What the code does not tell is marked: {number} x `# TODO`.", number=len(draft.marked))
    yield ""
    yield from _section("source", _source(draft), draft.marks)
    yield ""
    yield from _section("strategy", _strategy(draft), draft.marks)
    yield ""
    yield "messages:"
    for message in draft.messages:
        yield from _message(message)
    yield ""
    yield from _section("legacy", _legacy(draft), draft.marks)


def _source(draft: CampaignDraft) -> Items:
    path, key = draft.source or UNDECIDED, draft.key or UNDECIDED
    if draft.owner is Owner.CONTRACT:
        return {"type": "contract_csv", "path": path, "key": key}
    if "://" in path:
        return {"type": "json_http", "url": path, **_columns(draft), "key": key}
    return {"type": "json_file", "path": path, **_columns(draft), "key": key}


def _columns(draft: CampaignDraft) -> Items:
    return {"columns": list(draft.columns)} if draft.columns else {}


def _strategy(draft: CampaignDraft) -> Items:
    if draft.owner is Owner.TECHNICIAN:
        word = {} if draft.word in (None, _WORDS[draft.owner]) else {"sent": draft.word}
        exact = {"blocks": "exact"} if draft.exact else {}
        return {"type": "legacy_status", "status_file": draft.status_file or UNDECIDED, **word, **exact}
    usual = {"flag": FLAG_COLUMN, "unsent": "N", "sent": "Y"}
    told = {"flag": draft.flag, "unsent": draft.unsent, "sent": draft.sent}
    return {"type": "contract", **{name: word for name, word in told.items() if word not in (None, usual[name])}}


def _legacy(draft: CampaignDraft) -> Items:
    found: dict[str, object] = {"kind": draft.owner.value, "status_file": draft.status_file or UNDECIDED}
    if draft.owner is Owner.CONTRACT:
        if draft.word not in (None, _WORDS[draft.owner]):
            found["sent_word"] = draft.word
        if draft.number != NUMBER:
            found["number"] = draft.number or UNDECIDED
    return found


def _message(message: MessageDraft) -> Iterator[str]:
    yield f"  - name: {scalar(message.name)}"
    told = {
        "when": message.when,
        "recipient": message.recipient,
        "sender": message.sender,
        "task_type": message.task_type or UNDECIDED,
        "template": message.template,
    }
    for key, value in told.items():
        if value is not None:
            yield from _marks(message.marks.get(key, ()), "    ")
            yield from _entry(key, value, "    ")


def _section(name: str, items: Items, marks: Mapping[str, tuple[Mark, ...]]) -> Iterator[str]:
    yield from _marks(marks.get(name, ()), "")
    yield f"{name}:"
    for key, value in items.items():
        yield from _marks(marks.get(f"{name}.{key}", ()), "  ")
        yield from _entry(key, value, "  ")
    for key, found in marks.items():
        section, _, rest = key.partition(".")
        if section == name and rest and rest not in items:
            yield from _marks(found, "  ")


def _marks(marks: tuple[Mark, ...], indent: str) -> Iterator[str]:
    for mark in marks:
        what = " ".join(mark.what.split())
        yield f"{indent}# TODO {mark.file}:{mark.line}: {what}"


def _entry(key: str, value: object, indent: str) -> Iterator[str]:
    if isinstance(value, str) and "\n" in value and (block := _block(value, f"{indent}  ")):
        yield f"{indent}{key}: {block[0]}"
        yield from block[1:]
    else:
        yield f"{indent}{key}: {scalar(value)}"


def _block(text: str, indent: str) -> list[str] | None:
    """Return a text as a literal block; None where YAML would read it as another."""
    kept = len(text) - len(text.rstrip("\n"))
    if kept > 1:
        return None  # the blank lines between sections would belong to it
    lines = [("|2" if text.startswith((" ", "\n")) else "|") + ("" if kept else "-")]
    lines += [f"{indent}{line}" if line else "" for line in (text[:-1] if kept else text).split("\n")]
    try:
        read = yaml.safe_load("".join(f"{line}\n" for line in ["x:", f"{indent[:-2]}key: {lines[0]}", *lines[1:]]))
    except yaml.YAMLError:
        return None
    return lines if read == {"x": {"key": text}} else None


def scalar(value: object) -> str:
    """Return a value in one line of YAML."""
    style = '"' if isinstance(value, str) and "\n" in value else None
    said: str = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, default_style=style, width=10**6)
    return said.removesuffix("\n").removesuffix("\n...")
