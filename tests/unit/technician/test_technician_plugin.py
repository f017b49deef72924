"""What the plugin offers, and how its options are validated."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from notifykit_technician.json_file import JsonFile
from notifykit_technician.json_http import JsonHttp
from notifykit_technician.json_lines import JsonLines
from notifykit_technician.legacy_options import TechnicianState
from notifykit_technician.legacy_status import LegacyStatus
from pydantic import TypeAdapter, ValidationError

from notifykit.errors import CampaignError
from notifykit.legacy import Disposal, LegacyState
from notifykit.options import Secret
from notifykit.plugins import load_plugins
from notifykit.secrets import Surroundings


def built(cls: type, options: dict[str, object], folder: Path, **environ: str) -> Any:
    around = Surroundings(folder=folder, environ=environ)
    return TypeAdapter(cls).validate_python(options, context=around)


def test_the_types_are_offered_by_name() -> None:
    offered = load_plugins(entry_points=[EntryPoint("technician", "notifykit_technician", "notifykit")]).registry
    assert {offer.name: offer.load() for offer in offered.offers()} == {
        "json_file": JsonFile,
        "json_http": JsonHttp,
        "json_lines": JsonLines,
        "http_json": JsonHttp,
        "legacy_status": LegacyStatus,
        "technician": TechnicianState,
    }


def test_the_technicians_status_file_is_kept_by_a_migration() -> None:
    kind = TechnicianState(status_file=Path("./state/technician_status_record.json"))
    assert kind.state("technicians") == LegacyState(
        campaign="technicians",
        status_file=Path("state/technician_status_record.json"),
        sent_word="通知成功",
        disposal=Disposal.KEEP,
    )


def test_a_technician_campaign_must_name_its_status_file() -> None:
    with pytest.raises(ValueError, match="status_file: names no file"):
        TechnicianState(status_file=Path())


def test_options_arrive_with_their_types_and_defaults(tmp_path: Path) -> None:
    strategy = built(LegacyStatus, {"status_file": "state/ts.json"}, tmp_path)
    assert strategy == LegacyStatus(status_file=tmp_path / "state" / "ts.json", sent="通知成功", blocks="any")
    file = built(JsonFile, {"path": "changes.json", "columns": ["id", "_"]}, tmp_path)
    assert file == JsonFile(path=tmp_path / "changes.json", columns=["id", "_"], key="id", rows="")
    http = built(JsonHttp, {"url": "https://bi.example/x", "timeout": "5s"}, tmp_path)
    assert (http.timeout, http.method, http.headers, http.max_bytes) == (5.0, "GET", {}, 64 * 1024 * 1024)


def test_secrets_come_from_outside_and_show_nowhere(tmp_path: Path) -> None:
    options = {"url": {"env": "BI_URL"}, "headers": {"X-API-Key": {"file": "key"}, "Accept-Language": "zh"}}
    (tmp_path / "key").write_text("abcdefgh-secret\n", encoding="utf-8")
    source = built(JsonHttp, options, tmp_path, BI_URL="https://bi.example/x?key=12345678-secret")
    assert "secret" not in repr(source).lower().replace("secret(***)", "")
    assert isinstance(source.headers["X-API-Key"], Secret)
    assert source.headers["Accept-Language"] == "zh"


@pytest.mark.parametrize(
    ("cls", "options", "text"),
    [
        (LegacyStatus, {"status_file": "x", "blocks": "some"}, "'any' or 'exact'"),
        (JsonFile, {"path": "x", "columns": ["company"]}, "key: no column is called 'id'"),
        (JsonHttp, {"url": "https://bi.example/x", "columns": ["company"]}, "key: no column is called 'id'"),
        (JsonHttp, {"url": "ftp://bi.example/x"}, "url: must start with http"),
        (JsonHttp, {"url": "https://user:12345678@bi.example/x"}, "url: holds a login, which is not sent; send it as"),
        (JsonHttp, {"url": "https://bi.example/x?a=1&api_key=12345678"}, "url: holds api_key in plain text; write"),
        (JsonHttp, {"url": "https://bi.example/x?sort_key=id", "timeout": 0}, "timeout: leaves no time at all"),
        (JsonHttp, {"url": "https://bi.example/x", "max_bytes": 0}, "max_bytes: 0 is no size"),
        (JsonHttp, {"url": "https://bi.example/x", "method": "PUT"}, "'GET' or 'POST'"),
        (
            JsonHttp,
            {"url": "https://bi.example/x", "headers": {"X-Metabase-Session": "12345678"}},
            "headers: X-Metabase-Session is in plain text; write it as {env: NAME} or {file: path}",
        ),
    ],
)
def test_wrong_options_are_refused_without_quoting_secrets(
    cls: type, options: dict[str, object], text: str, tmp_path: Path
) -> None:
    with pytest.raises(ValidationError) as refused:
        built(cls, options, tmp_path)
    (error,) = refused.value.errors()
    assert text in error["msg"]
    assert "12345678" not in error["msg"]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("not a url 12345678", "url: must start with http"),
        ("https://user:12345678@bi.example/x", "url: holds a login, which is not sent; send it as"),
    ],
)
def test_a_secret_address_that_cannot_be_asked_is_refused_unquoted(url: str, text: str) -> None:
    with pytest.raises(ValueError, match=text) as refused:
        JsonHttp(url=Secret(url))
    assert "12345678" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"), [("X-Key", "12345678\nX: y"), ("X-Key", "密钥12345678"), ("密", "12345678")]
)
def test_a_header_that_cannot_be_sent_is_refused_unquoted(name: str, value: str) -> None:
    with pytest.raises(CampaignError, match=f"^headers: {name} holds what no HTTP header can carry; ") as refused:
        JsonHttp(url="http://127.0.0.1:9/", headers={name: Secret(value)}).read()
    assert "12345678" not in str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        JsonHttp(url=Secret(None, "BI_URL is not set")),
        JsonHttp(url="http://127.0.0.1:9/", headers={"X-Key": Secret(None, "BI_URL is not set")}),
    ],
)
def test_a_secret_that_is_not_set_is_asked_for_when_it_is_needed(source: JsonHttp) -> None:
    with pytest.raises(CampaignError, match="a secret is needed: BI_URL is not set"):
        source.read()


def test_schemas_can_be_printed() -> None:
    for cls in (JsonFile, JsonHttp, LegacyStatus):
        properties = TypeAdapter(cls).json_schema()["properties"]
        assert not [name for name in properties if name.startswith("_")]
        assert json.dumps(properties)
