"""The strategy does what the legacy program did, over a file that cannot be torn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from notifykit_technician import status_file
from notifykit_technician.json_file import JsonFile
from notifykit_technician.legacy_status import LegacyStatus

from notifykit import durable
from notifykit.clock import SystemClock
from notifykit.errors import CampaignError
from notifykit.model import Record, Status, Table, Task
from notifykit.roles import Decision, StrategyContext

TABLE = Table("changes.json", {"id": 0, "company": 1})


class NobodyAsks:
    """The file alone decides."""

    def waiting(self, key: str, period: str | None = None) -> bool:
        raise AssertionError(key)

    def delivered(self, key: str, period: str | None = None) -> bool:
        raise AssertionError(key)

    def written_back(self, key: str) -> bool:
        raise AssertionError(key)

    def known(self, key: str, message: str, period: str = "") -> bool:
        raise AssertionError(key, message, period)


def record(key: str, row: int = 1) -> Record:
    return Record(key, [key, "测试服务商一"], TABLE, row)


def decide(strategy: LegacyStatus, key: str) -> Decision:
    return strategy.decide(record(key), NobodyAsks())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "technician_status_record.json"


def test_any_value_under_the_key_blocks_a_technician(path: Path) -> None:
    path.write_text('{"1": "通知成功", "2": "失败", "3": null}', encoding="utf-8")
    strategy = LegacyStatus(status_file=path)
    strategy.begin()
    assert [decide(strategy, key) for key in "1234"] == [Decision.SKIP] * 3 + [Decision.NOTIFY]


def test_only_the_exact_word_blocks_a_contract(path: Path) -> None:
    path.write_text('{"1": "发送成功", "2": "失败", "3": null}', encoding="utf-8")
    strategy = LegacyStatus(status_file=path, sent="发送成功", blocks="exact")
    strategy.begin()
    assert [decide(strategy, key) for key in "1234"] == [Decision.SKIP] + [Decision.NOTIFY] * 3


def test_queued_keys_are_written_and_block_from_then_on(path: Path) -> None:
    strategy = LegacyStatus(status_file=path)
    strategy.begin()
    assert decide(strategy, "6001") is Decision.NOTIFY
    strategy.generated([record("6001"), record("6002")])
    assert json.loads(path.read_bytes()) == {"6001": "通知成功", "6002": "通知成功"}
    assert decide(strategy, "6001") is Decision.SKIP
    again = LegacyStatus(status_file=path)
    again.begin()
    assert decide(again, "6002") is Decision.SKIP


def test_another_word_stays_for_technicians_and_is_replaced_for_contracts(path: Path) -> None:
    for blocks, word in (("any", "失败"), ("exact", "发送成功")):
        path.write_text('{"1": "失败"}', encoding="utf-8")
        strategy = LegacyStatus(status_file=path, sent="发送成功", blocks=blocks)  # type: ignore[arg-type]
        strategy.generated([record("1")])
        assert json.loads(path.read_bytes()) == {"1": word}


def test_telling_of_the_same_records_again_changes_nothing(path: Path) -> None:
    strategy = LegacyStatus(status_file=path)
    strategy.generated([record("6001")])
    before = (path.read_bytes(), path.stat().st_ino)
    strategy.generated([record("6001")])
    strategy.generated([])
    assert (path.read_bytes(), path.stat().st_ino) == before


def test_no_records_touch_nothing(path: Path) -> None:
    LegacyStatus(status_file=path).generated([])
    assert list(path.parent.iterdir()) == []


def test_ten_thousand_records_are_one_replacement(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"{}")
    replaced: list[Path] = []
    replace_if = durable.replace_if

    def count(fresh: Path, target: Path, is_known: Callable[[Path], bool]) -> bool:
        replaced.append(target)
        return replace_if(fresh, target, is_known)

    monkeypatch.setattr(status_file, "replace_if", count)
    LegacyStatus(status_file=path).generated([record(f"change-{n}") for n in range(10_000)])
    assert replaced == [path]
    assert len(json.loads(path.read_bytes())) == 10_000


def test_the_pass_ends_before_anything_is_queued_where_the_file_is_torn(path: Path) -> None:
    path.write_bytes(b'{"6001": "')
    with pytest.raises(CampaignError, match=r"\.json:1:10: not valid JSON"):
        LegacyStatus(status_file=path).begin()


def test_the_pass_ends_before_anything_is_queued_where_the_file_could_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="cannot write in the folder"):
        LegacyStatus(status_file=tmp_path / "nowhere" / "status.json").begin()


def test_metadata_says_which_change_and_which_file(path: Path) -> None:
    assert LegacyStatus(status_file=path).metadata(record("6001")) == {
        "change_id": "6001",
        "created_by": "technician_notification",
        "status_file": str(path),
    }


def test_metadata_names_the_file_as_the_project_does(path: Path, tmp_path: Path) -> None:
    source = JsonFile(path=path)
    for folder, told in ((tmp_path.parent, f"{tmp_path.name}/{path.name}"), (tmp_path / "elsewhere", str(path))):
        strategy = LegacyStatus(status_file=path)
        strategy.start(StrategyContext(campaign="c", source=source, clock=SystemClock(), folder=folder))
        assert strategy.metadata(record("6001"))["status_file"] == told


def test_nothing_is_owed_after_sending(path: Path) -> None:
    task = Task(
        id=7, task_type="t", recipient="r", text="x", status=Status.SENT, campaign="c", key="k", name="m", round=1,
        channel="ch", ordered=True, metadata={}, tries=1, queued_at=0.0, not_before=0.0, sent_at=1.0,
        completed_at=None, reason=None,
    )  # fmt: skip
    assert LegacyStatus(status_file=path).write_back([task]).done == {7}
    assert not path.exists()


def test_what_blocks_is_known(path: Path) -> None:
    path.write_text('{"1": "通知成功", "2": "失败"}', encoding="utf-8")
    for blocks, known in (("any", {"1", "2"}), ("exact", {"1"})):
        strategy = LegacyStatus(status_file=path, blocks=blocks)  # type: ignore[arg-type]
        assert not strategy.known_keys()
        strategy.begin()
        assert strategy.known_keys() == known
