from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from notifykit import options
from notifykit.options import ProjectPath, Seconds
from notifykit.secrets import Surroundings

PATH: TypeAdapter[Path] = TypeAdapter(ProjectPath)
SECONDS: TypeAdapter[float] = TypeAdapter(Seconds)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30", 30.0),
        ("30s", 30.0),
        ("10m", 600.0),
        ("2h", 7200.0),
        ("7d", 604_800.0),
        (" 1.5 h ", 5400.0),
        ("0", 0.0),
        (30, 30.0),
        (0.25, 0.25),
    ],
)
def test_durations(written: object, seconds: float) -> None:
    assert SECONDS.validate_python(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-5",
        "5 weeks",
        "1:30",
        "nan",
        "inf",
        "1e3",
        "٣٠",
        -1,
        math.nan,
        True,
        None,
        [5],
    ],
)
def test_what_is_no_duration(written: object) -> None:
    with pytest.raises(ValidationError, match='must be a duration such as 30, "30s"'):
        SECONDS.validate_python(written)


@pytest.mark.parametrize("written", [math.inf, 1e11, "9999999d", "115741d", "9" * 400])
def test_what_is_too_long_says_the_most(written: object) -> None:
    with pytest.raises(ValidationError, match="must be 115740d at most"):
        SECONDS.validate_python(written)
    assert SECONDS.validate_python("115740d") == 115_740 * 86_400


@given(st.integers(0, 10**5), st.sampled_from("smhd"))
def test_a_unit_is_a_factor(count: int, unit: str) -> None:
    factor = {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    assert SECONDS.validate_python(f"{count}{unit}") == count * factor


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("state/a.csv", "/project/config/state/a.csv"),
        ("../state/a.csv", "/project/state/a.csv"),
        ("/elsewhere/a.csv", "/elsewhere/a.csv"),
        (Path("a.csv"), "/project/config/a.csv"),
    ],
)
def test_paths_are_relative_to_the_project(written: object, path: str) -> None:
    around = Surroundings(folder=Path("/project/config"))
    assert PATH.validate_python(written, context=around) == Path(path)


def test_without_a_project_they_are_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert PATH.validate_python("a.csv") == tmp_path / "a.csv"


def test_an_empty_path_is_none() -> None:
    with pytest.raises(ValidationError, match="must be a path"):
        PATH.validate_python("")


def test_what_plugin_authors_are_offered() -> None:
    assert options.__all__ == ["ChannelName", "OptionError", "ProjectPath", "Seconds", "Secret"]


def test_json_schema_of_a_duration() -> None:
    assert [choice["type"] for choice in SECONDS.json_schema()["anyOf"]] == ["number", "string"]
