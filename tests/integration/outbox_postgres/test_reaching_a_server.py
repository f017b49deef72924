"""Over the network as one does it: by TLS with the server's certificate looked at, and a password from a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from ports import free_port
from postgres_server import own_server

from notifykit.clock import SystemClock
from notifykit.demo.server import as_account
from notifykit.errors import StoreError
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.testing.outbox.steps import queue

CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class Reached:
    """A server that lets in who has a password, over TLS alone."""

    port: int
    certificate: Path
    other_certificate: Path

    def address(self, **more: str) -> PostgresAddress:
        options = {"sslmode": "verify-full", "sslrootcert": str(self.certificate), **more}
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return PostgresAddress(f"postgresql://sender@localhost:{self.port}/postgres?{query}")


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for localhost, signed by itself, and its key."""
    made, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-out", str(made), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reached]:
    if shutil.which("openssl") is None:
        assert not os.environ.get("CI"), "openssl is not installed"
        pytest.skip("openssl is not installed: `apt-get install openssl`")
    folder = tmp_path_factory.mktemp("tls")
    made, key = certificate(folder, "server")
    other, _ = certificate(folder, "other")
    port = free_port()
    with own_server(tcp_port=port) as running:
        for file in (made, key):
            copy = running.data / file.name
            shutil.copy(file, copy)
            copy.chmod(0o600)
            if as_account():
                shutil.chown(copy, "nobody", "nogroup")
        with psycopg.connect(f"{running.address}&port={port}", autocommit=True) as db:
            db.execute("CREATE ROLE sender LOGIN PASSWORD 'geheim'")
            db.execute("GRANT CREATE ON DATABASE postgres TO sender")
        with (running.data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("ssl=on\nssl_cert_file='server.crt'\nssl_key_file='server.key'\n")
        (running.data / "pg_hba.conf").write_text("hostssl all sender 127.0.0.1/32 scram-sha-256\n", encoding="utf-8")
        running.restart("fast")
        yield Reached(port, made, other)


def test_a_password_from_the_file_that_libpq_reads(
    reached: Reached, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"localhost:{reached.port}:postgres:sender:geheim\n", encoding="utf-8")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    with reached.address().open(CLOCK) as outbox:
        assert queue(outbox, "1") == [1]
        encrypted = outbox.db.one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    assert encrypted == (True,)


@pytest.mark.parametrize(
    ("password", "options", "said"),
    [
        ("wrong", {}, "password authentication failed"),
        (None, {}, "no password supplied"),
        ("geheim", {"sslmode": "disable"}, "no pg_hba.conf entry"),
        ("geheim", {"sslrootcert": "other"}, "certificate verify failed"),
        ("geheim", {"sslrootcert": "/nowhere"}, 'root certificate file "/nowhere" does not exist'),
    ],
)
def test_who_is_not_let_in_is_told_what_to_do(
    reached: Reached, monkeypatch: pytest.MonkeyPatch, password: str | None, options: dict[str, str], said: str
) -> None:
    monkeypatch.setenv("PGPASSFILE", os.devnull)
    monkeypatch.delenv("PGPASSWORD", raising=False)
    if password is not None:
        monkeypatch.setenv("PGPASSWORD", password)
    options = {name: str(reached.other_certificate) if value == "other" else value for name, value in options.items()}
    with pytest.raises(StoreError, match=said) as caught:
        reached.address(**options).open(CLOCK)
    assert ("correct the certificates" in caught.value.mend) is ("sslrootcert" in options)
    assert caught.value.mend
    assert "geheim" not in str(caught.value)
    assert not caught.value.passing
