"""Who asks the service what arrived is told of all that was sent by then."""

from __future__ import annotations

import socket
import threading
from typing import Any

from counting_server import counting_server


def test_what_a_client_sent_that_is_gone_is_taken_before_it_is_counted() -> None:
    body = b'{"idempotency_key": "a"}'
    taking = threading.Event()

    def take_its_time(_body: dict[str, Any]) -> None:
        assert taking.wait(60)

    with counting_server() as server:
        server.before = take_its_time
        with socket.create_connection(("127.0.0.1", server.server_port)) as client:
            client.sendall(b"POST /messages HTTP/1.0\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        assert server.accepted["a"] == 0
        threading.Timer(0.1, taking.set).start()
        server.settle()
        assert server.accepted["a"] == 1
