from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.clock import SystemClock
from notifykit.demo.book import Book
from notifykit.demo.robot import Service
from notifykit.demo.world import HOOK, ROBOTS


@pytest.fixture
def book_file(tmp_path: Path) -> Path:
    return tmp_path / "book.jsonl"


@pytest.fixture
def book(book_file: Path) -> Book:
    return Book(book_file)


@pytest.fixture
def service(book: Book) -> Iterator[Service]:
    service = Service(ROBOTS, (HOOK,), book, SystemClock())
    with service.running():
        yield service
