from __future__ import annotations

import threading
from typing import Any

import pytest

from notifykit.campaign.opening import Opening


class Part:
    def __init__(self, *, fails: int = 0) -> None:
        self.said: list[str] = []
        self.fails = fails
        self.going = threading.Event()

    def open(self, *told: Any) -> None:
        self.said.append("open")
        self.going.wait(0.01)
        if self.fails:
            self.fails -= 1
            raise ConnectionError("no")

    def close(self) -> None:
        self.said.append("close")


def test_of_many_threads_one_opens_and_the_others_wait_for_it() -> None:
    part, opening = Part(), Opening()
    together = threading.Barrier(8)
    seen: list[int] = []

    def use() -> None:
        together.wait()
        opening.require(part)
        seen.append(len(part.said))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 8
    opening.close()
    opening.close()
    assert part.said == ["open", "close"]


def test_what_could_not_be_opened_is_tried_again_and_not_closed() -> None:
    part, opening = Part(fails=1), Opening()
    with pytest.raises(ConnectionError):
        opening.require(part)
    opening.close()
    assert part.said == ["open"]
    opening.require(part)
    opening.close()
    assert part.said == ["open", "open", "close"]


def test_what_was_told_first_is_what_it_has() -> None:
    part, opening = Part(), Opening()
    first: list[int] = []
    assert opening.require(part, first) is first
    assert opening.require(part, [1]) is first


def test_a_part_without_either_method_is_used_as_it_is() -> None:
    opening = Opening()
    opening.require(object())
    opening.close()
