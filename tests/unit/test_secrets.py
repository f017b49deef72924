from __future__ import annotations

import copy
import dataclasses
import html
import json
import pickle
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from notifykit import redaction
from notifykit.config.credentials import credential_in
from notifykit.errors import ConfigError
from notifykit.options import Secret
from notifykit.secrets import SecretMissingError, Surroundings, redact

SECRET: TypeAdapter[Secret] = TypeAdapter(Secret)


def read(value: object, folder: Path, environ: Mapping[str, str], *, required: bool = True) -> Secret:
    around = Surroundings(folder=folder, secrets_required=required, environ=environ)
    return SECRET.validate_python(value, context=around)


def complaint(value: object, folder: Path, environ: Mapping[str, str]) -> str:
    with pytest.raises(ValidationError) as caught:
        read(value, folder, environ)
    return caught.value.errors()[0]["msg"].removeprefix("Value error, ")


def test_a_secret_comes_from_the_environment(tmp_path: Path) -> None:
    assert read({"env": "ROBOT_KEY"}, tmp_path, {"ROBOT_KEY": "open sesame"}).reveal() == "open sesame"


def test_by_default_the_environment_is_the_process_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBOT_KEY", "from the process")
    monkeypatch.chdir(tmp_path)
    assert SECRET.validate_python({"env": "ROBOT_KEY"}).reveal() == "from the process"


AROUND = ["", "\n", "\r\n", " ", "\t\n\n", "\ufeff", "\u200b", "\xa0", "\u3000", "\x00"]


@pytest.mark.parametrize("before", AROUND)
@pytest.mark.parametrize("after", AROUND)
def test_what_cannot_be_seen_around_a_secret_is_dropped(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "key").write_text(f"{before}Bearer k-123{after}", encoding="utf-8", newline="")
    assert read({"file": "key"}, tmp_path, {}).reveal() == "Bearer k-123"
    assert read({"env": "KEY"}, tmp_path, {"KEY": f"{before}Bearer k-123{after}"}).reveal() == "Bearer k-123"


@pytest.mark.parametrize("inside", ["\n", "\r\n", "\x00", "\u200b", "\ufeff", "\x1b"])
def test_inside_it_is_refused_by_name(tmp_path: Path, inside: str) -> None:
    (tmp_path / "key").write_text(f"two{inside}lines", encoding="utf-8", newline="")
    where = "the secret's file key holds a character that cannot be seen"
    for place, name in (({"file": "key"}, where), ({"env": "KEY"}, "the environment variable KEY holds a character")):
        with pytest.raises(ValidationError, match=name) as caught:
            read(place, tmp_path, {"KEY": f"two{inside}lines"})
        assert "lines" not in str(caught.value).replace("line_", "").replace("one line", "")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"env": "ROBOT_KEY"}, "the environment variable ROBOT_KEY is not set; set it"),
        ({"env": "EMPTY"}, "the environment variable EMPTY is empty; set it"),
        ({"file": "none"}, "the secret's file none cannot be read (No such file or directory); make it a file"),
        ({"file": "binary"}, "the secret's file binary is not UTF-8 text"),
        ({"file": "blank"}, "the secret's file blank is empty"),
        ({"env": ""}, "must name the secret: {env: …}"),
        ({"file": None}, "must name the secret: {file: …}"),
        ({"env": "A", "file": "b"}, "must be {env: NAME} or {file: path}"),
        ({"vault": "a"}, "must be {env: NAME} or {file: path}"),
        ({}, "must be {env: NAME} or {file: path}"),
        (7, "must be {env: NAME} or {file: path}"),
        ("open sesame", "is a secret in plain text"),
    ],
)
def test_what_is_no_secret(tmp_path: Path, value: object, what: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "blank").write_text("\n")
    text = complaint(value, tmp_path, {"EMPTY": ""})
    assert text.startswith(what)
    assert "sesame" not in text


def test_where_it_is_not_required_it_is_missed_only_when_revealed(tmp_path: Path) -> None:
    secret = read({"env": "ROBOT_KEY"}, tmp_path, {}, required=False)
    with pytest.raises(SecretMissingError, match="ROBOT_KEY is not set") as caught:
        secret.reveal()
    assert isinstance(caught.value, ConfigError)


def test_a_secret_given_by_a_program_stays_itself(tmp_path: Path) -> None:
    secret = Secret("given")
    assert read(secret, tmp_path, {}) is secret


@dataclasses.dataclass
class Holder:
    secret: Secret


def test_it_shows_itself_nowhere() -> None:
    holder = Holder(Secret("never shown"))
    shown = f"{holder} {holder.secret} {holder.secret!r} {dataclasses.asdict(holder)} {vars(holder)}"
    assert "never shown" not in shown
    assert "***" in shown


def test_it_cannot_be_pickled_but_copied() -> None:
    secret = Secret("never stored")
    with pytest.raises(TypeError, match="not written anywhere"):
        pickle.dumps(secret)
    assert copy.deepcopy(secret) is secret
    assert copy.copy(secret) is secret


def test_equal_secrets_are_equal() -> None:
    assert Secret("same") == Secret("same", "elsewhere")
    assert hash(Secret("same")) == hash(Secret("same"))
    assert Secret("same") != Secret("other")
    assert Secret("same") != "same"


@given(st.text(min_size=8, max_size=40))
def test_a_secret_is_removed_raw_and_url_encoded(value: str) -> None:
    secret = Secret(value.encode("utf-8", "replace").decode() + "~secret/part")
    found = secret.reveal()
    text = f"[{found}|{quote(found)}|{quote(found, safe='')}|{quote_plus(found)}]"
    assert redact(text) == "[***|***|***|***]"


def test_of_an_address_what_log_lines_show_is_removed() -> None:
    Secret("https://robot.example/hook/send?key=11112222-aaaa&sign=abcdefgh%2F1&debug=1")
    text = "POST /hook/send?key=11112222-aaaa&sign=abcdefgh%2F1&debug=1 key 11112222-aaaa, sign abcdefgh/1, debug=1"
    assert redact(text) == "POST /*** key ***, sign ***, debug=1"


def test_a_password_in_an_address_is_removed() -> None:
    Secret("smtp://mailer:correct-horse@mail.example")
    assert redact("login with correct-horse failed") == "login with *** failed"


def test_of_a_path_with_a_token_each_part_that_may_be_one_is_removed() -> None:
    Secret("https://robot.example/services/T000AAAA11/xyzXYZ123456?debug=1")
    said = "POST /services/T000AAAA11/xyzXYZ123456 failed, hook xyzXYZ123456, services of robot.example"
    assert redact(said) == "POST /*** failed, hook ***, services of robot.example"


def test_a_login_is_removed_however_it_is_sent() -> None:
    Secret("https://mailer:correct-horse@mail.example/x")
    Secret("battery-staple-7")
    Secret("Bearer abcdefgh-1234")
    for plain in (b"mailer:correct-horse", b"me:battery-staple-7", b"i:battery-staple-7"):
        login = b64encode(plain).decode()
        shown = redact(f"Authorization: Basic {login};")
        assert "***" in shown
        assert len(shown) < len(login) + 12
    assert redact("token abcdefgh-1234 refused") == "token *** refused"
    assert redact("open db://someone:else@host/x?y") == "open db://***@host/x?y"
    assert redact("https://someone@host/") == "https://someone@host/"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=8, max_size=30))
def test_a_secret_is_removed_as_other_programs_write_it(value: str) -> None:
    found = Secret(value + '~?>~?>secret/"part" & more').reveal()
    written = [
        json.dumps(found),
        json.dumps(found, ensure_ascii=False),
        json.dumps(found).replace("/", "\\/"),
        html.escape(found),
        html.escape(found, quote=False),
        re.sub("%..", lambda code: code[0].lower(), quote(found, safe="")),
        repr({"key": found}),
    ]
    for text in written:
        assert redact(text).strip('"') in ("***", "{'key': '***'}", "{'key': \"***\"}"), text
    for before, encode in product((b"", b"a", b"ab", b"user:"), (b64encode, urlsafe_b64encode)):
        shown = redact(encode(before + found.encode()).decode())
        assert "***" in shown
        assert len(shown) <= len("***") + 8 + len(before) * 2


def test_a_short_secret_does_not_blank_what_is_written_alike() -> None:
    for short in ("a", "on", "test", "pass12"):
        Secret(short)
    said = "testing a password123 on the contest: test, pass12!"
    assert redact(said) == "testing a password123 on the contest: ***, ***!"


def test_as_many_secrets_as_there_are_calls_cost_no_more_than_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a signed address, say, which is another one each time."""
    monkeypatch.setattr(redaction, "MOST", 100)
    for number in range(1000):
        Secret("the robot's own key")
        Secret(f"https://robot.example/hook?sign={number:012}")
    assert len(redaction._known) <= 100
    assert redact("sign 000000000999, the robot's own key") == "sign ***, ***"
    assert redact("sign 000000000001") == "sign 000000000001"


def test_a_line_costs_no_more_where_many_secrets_are_registered() -> None:
    """At each place of a text as many lengths are tried as there are, not as many secrets."""
    for number in range(500):
        Secret(f"https://robot.example/hook/{number:06}-abcdefgh?sign={number:012}")
    assert len(redaction._known) >= 500
    assert max(map(len, redaction._forms._lengths.values())) < 60


def test_an_address_that_is_none_is_removed_whole() -> None:
    Secret("https://[not-an-address")
    assert redact("went to https://[not-an-address") == "went to ***"


@pytest.mark.parametrize(
    "text",
    [
        "https://qyapi.example/cgi-bin/webhook/send?key=0000-1111",
        "see https://qyapi.example/cgi-bin/webhook/send?debug=1&key=0000",
        "https://oapi.example/robot/send?access_token=abcdef",
        "https://open.example/open-apis/bot/v2/hook/0000-1111-2222",
        "https://hooks.slack.com/services/T000/B000/XXXX",
        "https://api.example/bot123456:AAAAAAAAAAAAAAAAAAAAAAAA/sendMessage",
        "https://discord.example/api/webhooks/123/abcdefghijkl",
        "https://user:pass@host.example/",
    ],
)
def test_credentials_in_plain_text_are_recognised(text: str) -> None:
    assert credential_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example/order?key=17&page=2",
        "https://user@host.example/",
        "webhook/send",
        "access_token is a word",
        "https://oapi.example/robot/send?access_token={{ record['x'] }}",
        "09:30 @ the office",
        "",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert credential_in(text) is None


def test_the_json_schema_asks_for_a_reference() -> None:
    schema = SECRET.json_schema()
    assert [list(choice["properties"]) for choice in schema["oneOf"]] == [["env"], ["file"]]
