"""What the plugin offers to the host."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import notifykit_contract
import pytest
from notifykit_contract.source import CsvSource
from notifykit_contract.strategy import CsvFlag

from notifykit.errors import ConfigError
from notifykit.legacy import Disposal, LegacyState
from notifykit.plugins import load_plugins


def test_each_class_is_offered_under_its_two_names() -> None:
    offered = load_plugins(entry_points=[EntryPoint("contract", "notifykit_contract", "notifykit")]).registry
    assert {name: offer.load() for name, offer in offered.sources.items()} == {
        "contract_csv": CsvSource,
        "csv": CsvSource,
    }
    assert {name: offer.load() for name, offer in offered.strategies.items()} == {
        "contract": CsvFlag,
        "csv_flag": CsvFlag,
    }


def test_the_old_state_of_a_contract_campaign_is_retired() -> None:
    options = {"kind": "contract", "status_file": "state/send_status_bj_aug.json", "sent_word": "发送成功"}
    expected = LegacyState(
        campaign="bj",
        status_file=Path("state/send_status_bj_aug.json"),
        sent_word="发送成功",
        disposal=Disposal.RETIRE,
        number="合同编号(contractdocNum)",
    )
    assert notifykit_contract.legacy_state("bj", options) == expected
    del options["sent_word"]
    assert notifykit_contract.legacy_state("bj", options) == expected
    assert notifykit_contract.legacy_state("bj", options | {"number": "工单"}) == replace(expected, number="工单")


def test_the_old_state_of_others_is_not_ours() -> None:
    assert notifykit_contract.legacy_state("ts", {"kind": "technician", "status_file": "x"}) is None
    assert notifykit_contract.legacy_state("ts", {}) is None


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "campaign bj: legacy.status_file is None; name the send-status JSON file"),
        ({"status_file": ""}, "campaign bj: legacy.status_file is ''; name"),
        ({"status_file": "x.json", "sent_word": 1}, "campaign bj: legacy.sent_word is 1; name the value"),
        ({"status_file": "x.json", "number": None}, "campaign bj: legacy.number is None; name the column"),
    ],
)
def test_a_section_that_names_nothing_is_an_error(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        notifykit_contract.legacy_state("bj", {"kind": "contract"} | options)
    assert text in str(caught.value)
