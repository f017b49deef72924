"""The page: whole without a network, nothing of the old data is markup in it, and it stays small."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import plans
import pytest
from notifykit_migration import report
from notifykit_migration.errors import PreflightError
from notifykit_migration.journal.journal import Entry
from notifykit_migration.model import Plan
from notifykit_migration.report.html import HOLDS
from notifykit_migration.wording import fit

from notifykit.wording import Reason

VOID = {"meta", "input", "br"}
EVIL = '<script>alert("1")</script>&<b>\'"'


class Page(HTMLParser):
    """A page taken apart; it must be well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self._languages: list[str] = []
        self.spoken: Counter[str] = Counter()
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def classes(self, name: str) -> int:
        return sum(name in (attributes.get("class") or "").split() for _, attributes in self.tags)


def page(plan: Plan | None = None, entries: tuple[Entry, ...] = (), **changes: Any) -> str:
    arguments: dict[str, Any] = {"checks": plans.checks(), "made_at": plans.MADE_AT + 99, **changes}
    return report.html_page(plan=plan or plans.plan(), entries=entries, **arguments)


def everything() -> str:
    """A page on which every part has something to say."""
    plan = plans.plan(
        plans.campaign(found=plans.contracts((plans.SENT, 40), (plans.LATE, 5), (plans.STALE, 3), (plans.GONE, 2))),
        plans.campaign("shanghai", plans.contracts((plans.OLD, 30)), status_file="state/sh.json"),
        orphans=(1, 2, 3),
        others=5,
        warnings=(Reason("the store is old"),),
        fit=(fit.CSV_CUT(campaign="beijing", file="state/bj.csv"),),
    )
    rollback = plans.rollback(holds=(plans.hold(2),), warnings=(Reason("a file is open"),))
    return page(plan, plans.migrated(), rollback=rollback)


def test_the_page_is_well_nested_and_its_ids_are_unique() -> None:
    ids = [attributes["id"] for _, attributes in Page(everything()).tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 8


def test_how_well_the_campaigns_fit() -> None:
    text = Page(everything()).text
    assert "state/bj.csv is cut within its last row" in text
    assert "state/bj.csv 的最后一行残缺" in text


def test_nothing_is_fetched_and_nothing_runs() -> None:
    text = everything()
    whole = Page(text)
    assert {tag for tag, _ in whole.tags} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
    } == set()
    for _, attributes in whole.tags:
        assert not {"src", "href", "action", "srcset", "data"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in text
    assert "@import" not in text
    assert re.findall(r"https?://[^\"\s]+", text) == ["http://www.w3.org/2000/svg"]
    (policy,) = [meta["content"] for meta in whole.all("meta") if "http-equiv" in meta]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_every_text_of_ours_is_there_in_both_languages() -> None:
    spoken = Counter(
        attributes["lang"] for tag, attributes in Page(everything()).tags if tag != "label" and "lang" in attributes
    )
    assert spoken["zh-CN"] - 1 == spoken["en"] > 100  # the page itself says that it is Chinese


def test_the_picture_is_told_to_those_who_do_not_see_it() -> None:
    whole = Page(everything())
    (svg,) = whole.all("svg")
    named = (svg["aria-labelledby"] or "").split()
    assert svg["role"] == "img"
    assert [attributes.get("id") for tag, attributes in whole.tags if tag in ("title", "desc")][1:3] == named
    assert "30 待人工决定" not in whole.text
    assert "35 待人工决定 (held)" in whole.text


def test_the_table_below_the_picture_has_the_same_numbers() -> None:
    text = Page(everything()).text
    for row in (
        "says sent 已完成 completed Y 已发送 sent40",
        "says sent 无任务 no row Y 待人工决定 held30",
        "says sent 已完成 completed N 已发送 sent5",
    ):
        assert row.replace(" ", "") in text.replace(" ", "")


def test_every_hold_is_listed_with_its_evidence() -> None:
    whole = Page(everything())
    assert whole.text.count("YHWX-BJ-SDHY-2025080") == 3 + 2 + 30
    assert "killed before the CSV file was rewritten" in whole.text
    assert "在循环结束重写 CSV 之前被终止" in whole.text
    assert "state/PerformanceData-BJ-Aug.csv:47" in whole.text
    assert "notifykit migrate --historic assume-sent" in whole.text


def test_every_check_is_listed_with_its_result() -> None:
    whole = Page(everything())
    for check in plans.checks():
        assert check.evidence in whole.text
        assert all(detail in whole.text for detail in check.details)
        assert whole.classes(check.result.value) >= 1


def test_files_with_their_hashes_and_the_history() -> None:
    text = Page(everything()).text
    for part in ("a1" * 32, "c3" * 32, "d4" * 32, "20251009T085320Z-0001", "开始迁移 migration begun · operator"):
        assert part in text


def test_old_data_is_text() -> None:
    known = plans.contract(1, (*plans.STALE[:4], Reason(EVIL)), key=EVIL, place=EVIL, crash=Reason(EVIL))
    contract = replace(known, number=EVIL)
    plan = plans.plan(
        plans.campaign(EVIL, [contract], status_file=EVIL, csv_file=EVIL),
        warnings=(Reason(EVIL),),
        fit=(Reason(EVIL),),
        statements=(EVIL,),
        store=EVIL,
    )
    hold = plans.hold(7, Reason(EVIL), key=EVIL, recipient=EVIL, text=EVIL, message=EVIL, status=EVIL, campaign=EVIL)
    checks = [replace(plans.checks()[3], what=Reason(EVIL), evidence=EVIL, details=(EVIL,))]
    rollback = plans.rollback(
        replace(plans.returned(1), campaign=EVIL, json=EVIL), files=(EVIL,), warnings=(Reason(EVIL),)
    )
    for holds in (None, [hold]):
        entries = (plans.entry(EVIL, who=EVIL, files=[EVIL], **{EVIL: EVIL}),)
        text = page(plan, entries, checks=checks, holds=holds, rollback=rollback)
        assert "<script" not in text
        assert "<b>'" not in text
        assert Page(text).text.count(EVIL) > 12


def test_what_waits_now_is_told_instead_of_the_plan() -> None:
    plan = plans.plan(plans.campaign(found=plans.contracts((plans.STALE, 3))))
    text = Page(page(plan, plans.migrated(), checks=(), holds=[plans.hold(1, Reason("no reply"))])).text
    assert "What waits for a person now" in text
    assert "Migrated; 1 contract for a person to decide" in text
    assert "签约喜报 YHWX-BJ-SDHY-2025080001" in text
    assert "2025080000000000002" not in text


@pytest.mark.parametrize(
    ("entries", "changes", "expected"),
    [
        ((), {"checks": ()}, "A plan: nothing was changed"),
        ((), {}, "1 check failed"),
        (plans.migrated()[:2], {"checks": ()}, "half migrated"),
        (plans.migrated(), {"checks": (), "holds": []}, "Migrated; nothing waits for a person"),
        (plans.migrated(), {"checks": ()}, "Migrated; 1 contract for a person to decide"),
        (
            (*plans.migrated(), plans.entry("rollback_begun", 80), plans.entry("rollback_done", 81)),
            {"checks": ()},
            "Rolled back to the old program",
        ),
    ],
)
def test_the_first_sentence(entries: tuple[Entry, ...], changes: dict[str, Any], expected: str) -> None:
    text = page(None, entries, **changes)
    (verdict,) = re.findall(r'<p class="verdict \w+">(.*?)</p>', text)
    assert f'<span lang="en">{expected}</span>' in verdict


def test_no_contracts() -> None:
    whole = Page(page(plans.plan(plans.campaign())))
    assert whole.all("svg") == []
    assert "There are no contracts." in whole.text


def test_many_contracts_make_no_large_page() -> None:
    found = plans.contracts((plans.SENT, 20_000), (plans.OLD, 9_000), (plans.GONE, 4))
    text = page(plans.plan(plans.campaign(found=found)))
    assert len(text.encode()) < 2_000_000
    assert text.count('class="case-key mono"') == text.count("YHWX-BJ-SDHY-") == HOLDS
    assert "This page lists 2,000, all of them:" in text
    assert "<code>notifykit migrate --dry-run --out plan.json</code>" in text
    assert f"{9_000 - (HOLDS - 4):,} more are not listed." in text


def test_a_large_group_hides_no_small_one() -> None:
    found = plans.contracts((plans.OLD, 2_500), (plans.GONE, 4), (plans.STALE, 3))
    text = page(plans.plan(plans.campaign(found=found)))
    for number in range(2_500, 2_507):
        assert str(2025080000000000000 + number) in text


def test_a_long_text_is_cut() -> None:
    text = page(holds=[plans.hold(1, text="喜报" * 5_000)])
    assert text.count("喜报") < 500


def test_it_is_written_as_utf8(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    plan = plans.plan(plans.campaign(found=[plans.contract(1, plans.OLD, key="torn \udce5")]))
    report.write_page(path, plan=plan, checks=(), entries=(), made_at=1.0)
    assert "迁移报告" in path.read_text(encoding="utf-8")


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="check --report"):
        report.write_page(tmp_path / "no" / "report.html", plan=plans.plan(), checks=(), entries=(), made_at=1.0)
