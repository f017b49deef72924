"""Mistakes in the options of the senders that come along, as a person sees them."""

from pathlib import Path

import pytest

from notifykit.errors import ConfigError
from notifykit.pipeline.project import Project, open_project

ENVIRONMENT = {
    "KEY": "0a1b-2c3d",
    "WHOLE": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a1b-2c3d-4e",
    "URL": "http://127.0.0.1:1/hook-0a1b2c",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def opened(folder: Path, sender: str, *, secrets: bool = True) -> Project:
    file = folder / "notifykit.yaml"
    file.write_text(f"senders:\n  one:\n{sender}", encoding="utf-8")
    return open_project(file, secrets=secrets)


@pytest.mark.parametrize(
    ("sender", "wrong"),
    [
        (
            "    type: wecom_robot\n    key: {env: WHOLE}\n",
            "notifykit.yaml:4: senders.one.key: is too much of an address; give only what stands behind key=",
        ),
        (
            "    type: wecom_robot\n    key: 0a1b-2c3d\n",
            "notifykit.yaml:4: senders.one.key: is a secret in plain text; ",
        ),
        (
            "    type: wecom_robot\n    key: {env: KEY}\n    msgtype: markdow\n",
            'notifykit.yaml:5: senders.one.msgtype: is "markdow", which is not .*did you mean "markdown"',
        ),
        (
            "    type: wecom_robot\n    key: {env: KEY}\n    throttle_pause: 0\n",
            "notifykit.yaml:5: senders.one.throttle_pause: must be more than 0 seconds",
        ),
        (
            "    type: webhook\n    url: {env: KEY}\n",
            "notifykit.yaml:4: senders.one.url: must start with http:// or https://",
        ),
        (
            "    type: webhook\n    url: {env: URL}\n    headers: {X-Token: abc}\n",
            r"notifykit.yaml:5: senders.one.headers: X-Token is a credential; give it as {env: NAME} or {file: path}",
        ),
        (
            '    type: webhook\n    url: {env: URL}\n    fields: {a: "{txt}"}\n',
            r"notifykit.yaml:5: senders.one.fields: the body\.a has an unknown placeholder \('{txt}'\); use {text}, ",
        ),
        (
            "    type: webhook\n    url: {env: URL}\n    accept: {path: a..b, equals: 0}\n",
            "senders.one.accept.*: must be names joined by dots, such as result.code, not .*a..b",
        ),
        (
            "    type: python\n    call: no_such_module:send\n",
            "notifykit.yaml:4: senders.one.call: no_such_module cannot be imported",
        ),
        (
            "    type: python\n    call: math:gcd\n    search_path: gone\n",
            "notifykit.yaml:5: senders.one.search_path: .*gone is not a folder; name the one that holds math",
        ),
        ("    type: file\n    path: .\n", "notifykit.yaml:4: senders.one.path: .* is a folder; name a file"),
        ("    type: console\n    stream: out\n", "notifykit.yaml:4: senders.one.stream: "),
    ],
)
def test_mistakes(tmp_path: Path, sender: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong) as raised:
        opened(tmp_path, sender)
    assert "0a1b" not in str(raised.value)


def test_commands_that_only_look_need_no_secrets(tmp_path: Path) -> None:
    for sender in (
        "    type: wecom_robot\n    key: {env: UNSET}\n    proxy: {env: UNSET}\n",
        "    type: webhook\n    url: {env: UNSET}\n    headers: {Authorization: {env: UNSET}}\n",
    ):
        assert opened(tmp_path, sender, secrets=False).configuration.channels.keys() == {"one"}


def test_values_as_yaml_writes_them(tmp_path: Path) -> None:
    project = opened(
        tmp_path,
        """    type: webhook
    url: {env: URL}
    fields: {n: 7, urgent: yes, text: "{text}", at: 2026-08-01}
    accept: {path: errcode, equals: 0, retry: [7, busy]}
    proxy: http://127.0.0.1:8080
""",
    )
    sender = project.configuration.channels["one"].sender
    assert getattr(sender, "fields") == {"n": 7, "urgent": True, "text": "{text}", "at": "2026-08-01"}  # noqa: B009
    accept = getattr(sender, "accept")  # noqa: B009
    assert (accept.equals, accept.retry) == ("0", ["7", "busy"])
