"""Kinds of secret that plugins offer, in YAML: how they are read, when, and what is said where they are not there."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import keyring
import keyring.backend
import keyring.errors
import pytest
from notifykit_builtin.command_secret import MOST, CommandSecret
from notifykit_builtin.keyring_secret import KeyringSecret

from notifykit.config.resolve import Configuration
from notifykit.config.schema import json_schema
from notifykit.errors import PluginClash
from notifykit.options import OptionError, ProjectPath, Secret
from notifykit.plugins.registering import Registrations, empty_shelf
from notifykit.plugins.registry import Offer, Registry
from notifykit.plugins.report import PluginId
from notifykit.secrets import SecretMissingError, redact

Load = Callable[..., Configuration]
Complaints = Callable[..., list[str]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vault:
    """A kind that counts how often it is read."""

    path: str
    token: Secret | None = None
    folder: ProjectPath = Path("kept")
    reads: ClassVar[list[str]] = []

    def __post_init__(self) -> None:
        if self.path == "/":
            raise OptionError("path", "names nothing", mend="name a secret")
        if self.path == "stuck":
            raise RuntimeError("stuck-in-the-constructor")

    def read(self) -> Any:
        self.reads.append(self.path)
        match self.path:
            case "gone":
                raise SecretMissingError("the vault has no gone", mend="store it")
            case "broken":
                raise KeyError("vault-value-in-a-text")
            case "bytes":
                return b"vault-value-in-a-text"
            case "blank":
                return " \n"
            case "two":
                return "vault-value\nin-a-text"
        return f" vault-value-of-{self.path}\n"


@dataclasses.dataclass
class CommandSender:
    def send(self, message: Any, context: Any) -> Any: ...


BY = PluginId(name="acme", distribution="notifykit-acme", version="1.0")


def offer(kind: str, cls: type) -> Offer:
    return Offer(role="secrets", name=kind, offered=cls, by=BY)


@pytest.fixture
def registry(registry: Registry) -> Registry:
    Vault.reads.clear()
    kinds = {"vault": Vault, "command": CommandSecret, "keyring": KeyringSecret}
    return registry._replace(secrets={kind: offer(kind, cls) for kind, cls in kinds.items()})


def group(key: str, more: str = "") -> dict[str, str]:
    return {"notifykit.yaml": f"senders:\n  group:\n    type: robot\n    key: {key}\n  note: {{type: quiet}}\n{more}"}


def key_of(configuration: Configuration, channel: str = "group") -> str:
    sender: Any = configuration.channels[channel].sender
    revealed: str = sender.key.reveal()
    return revealed


def python(code: str) -> str:
    return f"[{sys.executable!r}, -c, {code!r}]"


@pytest.mark.parametrize("written", ["{vault: robots/a}", "{vault: {path: robots/a}}"])
def test_a_kind_takes_its_first_option_alone_or_all_of_them(load: Load, written: str) -> None:
    assert key_of(load(group(written))) == "vault-value-of-robots/a"
    assert "vault-value" not in redact("posting with vault-value-of-robots/a")


def test_its_options_are_validated_as_those_of_any_plugin(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "fake-vault-token")
    made = load(group("{vault: {path: 7, token: {env: VAULT_TOKEN}}}"))
    (reference,) = made.secrets
    assert (reference.kind, reference.holder.path) == ("vault", "7")
    assert reference.holder.token == Secret("fake-vault-token")
    assert reference.holder.folder.is_absolute()


def test_a_secret_that_stands_in_several_places_is_read_once(load: Load) -> None:
    more = "  other: {type: robot, key: {vault: a}}\n  third: {type: robot, key: {vault: {path: b}}}\n"
    made = load(group("{vault: {path: a}}", more))
    assert [key_of(made, name) for name in ("group", "other", "third")] == [
        "vault-value-of-a",
        "vault-value-of-a",
        "vault-value-of-b",
    ]
    assert Vault.reads == ["a", "b"]


def test_a_command_that_only_looks_reads_it_where_it_needs_it(load: Load) -> None:
    made = load(group("{vault: a}"), secrets=False)
    assert Vault.reads == []
    sender: Any = made.channels["group"].sender
    assert {sender.key: 1}[sender.key] == 1
    assert key_of(made) == key_of(made) == "vault-value-of-a"
    assert Vault.reads == ["a"]
    assert {sender.key: 1}[sender.key] == 1, "its hash stays"
    gone = load(group("{vault: gone}"), secrets=False)
    with pytest.raises(SecretMissingError, match="the vault has no gone; store it"):
        key_of(gone)


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("{vault: gone}", "the vault has no gone; store it"),
        ("{vault: broken}", "the secret of vault cannot be read: KeyError; its author needs to know"),
        ("{vault: bytes}", "the secret of vault is a bytes, not text; its author must mend that"),
        ("{vault: blank}", "the secret of vault is empty; store it there"),
        ("{vault: two}", "the secret of vault holds a character that cannot be seen (U+000A)"),
        ("{vault: /}", "path: names nothing; name a secret"),
        ("{vault: {pth: a}}", 'path: is missing; pth: there is no such key; did you mean "path"?'),
        ("{vault: {}}", "path: is missing"),
        ("{vault: {path: a, token: {env: UNSET_FOR_SURE}}}", "token: the environment variable UNSET_FOR_SURE is not"),
        ("{vault: {path: a, token: plain-text-token}}", "token: is a secret in plain text"),
        ("{volt: a}", "must be {env: NAME}, {file: path}, {command: …}, {keyring: …} or {vault: …}, not a mapping"),
        ("{command: [no-such-program-anywhere]}", "the program no-such-program-anywhere cannot be run (FileNotFound"),
        ("{command: []}", "run: names no program; write [program, argument, …]"),
        ("{command: echo}", "run: must be a list"),
    ],
)
def test_what_is_wrong_is_told_at_its_place_and_without_the_value(
    complaints: Complaints, written: str, what: str
) -> None:
    first, *_ = complaints(group(written))
    assert first.startswith("notifykit.yaml:4: senders.group.key: " + what)
    assert "value-in" not in first
    assert "in-a-text" not in first
    assert "plain-text-token" not in first


def test_a_kind_that_fails_to_be_made_fails_its_channel_alone(load: Load) -> None:
    made = load(group("{vault: stuck}"), secrets=False)
    assert list(made.channels) == ["note"]
    assert "RuntimeError" in made.unavailable[0].why


@pytest.mark.parametrize("kind", ["env", "file"])
def test_the_kinds_of_the_host_are_nobody_s(kind: str) -> None:
    offers = Registrations(BY, empty_shelf())
    with pytest.raises(PluginClash, match=f"it offers the kind of secret '{kind}', which is notifykit's"):
        offers.register("secrets")(kind, Vault)
    offers.register("senders")(kind, CommandSender)


def test_editors_know_the_kinds(registry: Registry) -> None:
    schema = json_schema(registry, "project")
    text = str(schema)
    assert "notifykit.secrets.Secret" not in text
    robot = next(
        one for one in schema["properties"]["senders"]["additionalProperties"]["oneOf"] if one["title"] == "robot"
    )
    forms = robot["properties"]["key"]["oneOf"]
    kinds = {next(iter(form["properties"])): form for form in forms}
    assert list(kinds) == ["env", "file", "command", "keyring", "vault"]
    alone, options = kinds["vault"]["properties"]["vault"]["anyOf"]
    assert alone["type"] == ["string", "number", "boolean"]
    assert (options["required"], options["additionalProperties"]) == (["path"], False)


# command --------------------------------------------------------------------------------------------------


def test_what_a_program_prints_is_the_secret(load: Load, project: Path) -> None:
    code = "import os, sys; sys.stderr.write('noise'); print(sys.argv[1:], sys.stdin.read(), os.getcwd())"
    arguments = f"[{sys.executable!r}, -c, {code!r}, '$HOME', 'a b', '; exit']"
    assert key_of(load(group(f"{{command: {arguments}}}"))) == f"['$HOME', 'a b', '; exit']  {project.resolve()}"


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import sys; print('never-shown'); sys.exit(3)", "ends with 3; run it by hand to see why"),
        ("while True: print('never-shown' * 1000)", f"prints more than {MOST} bytes"),
        ("import sys; sys.stdout.buffer.write(b'never-shown' + bytes([255]))", "prints no UTF-8 text"),
        ("print('')", "the secret of command is empty"),
    ],
)
def test_what_a_program_does_amiss_is_told(complaints: Complaints, code: str, what: str) -> None:
    first, *_ = complaints(group(f"{{command: {python(code)}}}"))
    assert what in first
    assert first.startswith("notifykit.yaml:4: senders.group.key: ")
    assert "never-shown" not in first


def test_a_program_runs_in_its_folder_and_gets_no_input(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"of-the-terminal")
    os.close(writing)
    before = os.dup(0)
    os.dup2(reading, 0)
    try:
        code = "import os, sys; print(os.getcwd(), repr(sys.stdin.read()))"
        found = CommandSecret(run=[sys.executable, "-c", code], folder=tmp_path).read()
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(reading)
    assert found.strip() == f"{tmp_path.resolve()} ''"


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    code = "import time; print('never-shown', flush=True); time.sleep(60)"
    secret = CommandSecret(run=[sys.executable, "-c", code], timeout=0.3, folder=tmp_path)
    with pytest.raises(SecretMissingError, match=r"took longer than 0\.3 s"):
        secret.read()


# keyring --------------------------------------------------------------------------------------------------


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.error = error
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        if self.error:
            raise self.error
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Any:
    before = keyring.get_keyring()
    made = Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_a_secret_of_the_keyring(load: Load, ring: Ring) -> None:
    ring.set_password("beijing", "notifykit", "ring-value-1")
    ring.set_password("beijing", "ann", "ring-value-2")
    assert key_of(load(group("{keyring: beijing}"))) == "ring-value-1"
    assert key_of(load(group("{keyring: {service: beijing, user: ann}}"))) == "ring-value-2"


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (None, "the keyring has nothing under beijing and notifykit; keyring set beijing notifykit"),
        (keyring.errors.NoKeyringError("never-shown"), "this account has no keyring; a service has none: use"),
        (keyring.errors.KeyringLocked("never-shown"), "the keyring does not open (KeyringLocked); unlock it"),
    ],
)
def test_a_keyring_that_gives_nothing_is_told(
    complaints: Complaints, ring: Ring, error: Exception | None, what: str
) -> None:
    ring.error = error
    first, *_ = complaints(group("{keyring: beijing}"))
    assert first.startswith(f"notifykit.yaml:4: senders.group.key: {what}")
    assert "never-shown" not in first


def test_without_the_library_it_is_told_how_to_get_it(complaints: Complaints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    first, *_ = complaints(group("{keyring: beijing}"))
    assert first.endswith('a secret of the keyring needs keyring; pip install "notifykit-outbox[keyring]"')
