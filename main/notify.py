"""Tells a supervisor (systemd) that we are up and alive, where it asked to be told."""

import os
import socket
from contextlib import suppress


def notify(words: str) -> bool:
    """Send ``words`` to the socket the supervisor named; False where there is none."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(address)
        line.sendall(words.encode())
        return True
    return False
