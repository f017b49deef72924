"""What the plugin offers to the host."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from notifykit_contract.directory import CsvDirectory
from notifykit_contract.legacy_options import ContractState
from notifykit_contract.source import CsvSource
from notifykit_contract.strategy import CsvFlag

from notifykit.legacy import Disposal, LegacyState
from notifykit.plugins import load_plugins


def test_each_class_is_offered_under_its_two_names() -> None:
    offered = load_plugins(entry_points=[EntryPoint("contract", "notifykit_contract", "notifykit")]).registry
    assert {name: offer.load() for name, offer in offered.sources.items()} == {
        "contract_csv": CsvSource,
        "csv": CsvSource,
        "directory": CsvDirectory,
    }
    assert {name: offer.load() for name, offer in offered.strategies.items()} == {
        "contract": CsvFlag,
        "csv_flag": CsvFlag,
    }
    assert {name: offer.load() for name, offer in offered.legacy.items()} == {"contract": ContractState}


def test_the_old_state_of_a_contract_campaign_is_retired() -> None:
    expected = LegacyState(
        campaign="bj",
        status_file=Path("state/send_status_bj_aug.json"),
        sent_word="发送成功",
        disposal=Disposal.RETIRE,
        number="合同编号(contractdocNum)",
    )
    file = Path("state/send_status_bj_aug.json")
    assert ContractState(status_file=file).state("bj") == expected
    assert ContractState(status_file=file, number="工单").state("bj") == replace(expected, number="工单")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"status_file": Path()}, "status_file: names no file; name the send-status JSON file"),
        ({"status_file": Path("x.json"), "sent_word": ""}, "sent_word: is empty"),
        ({"status_file": Path("x.json"), "number": ""}, "number: is empty"),
    ],
)
def test_a_section_that_names_nothing_is_an_error(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        ContractState(**options)
