"""Acts of the command line are a person's of the program, who gives the password: maker and checker stay two."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from access.principal import Principal
from commands.authenticate import Authenticate

CONSOLE = "console"


@contextmanager
def logged_in(authenticate: Authenticate, payload: Mapping[str, Any]) -> Iterator[Principal]:
    """Log ``user`` in by ``password`` for as long as an act takes.

    Raises
    ------
    LoginRefusedError
        Name or password is wrong, or there were too many wrong tries.
    """
    user, password = str(payload.get("user") or ""), str(payload.get("password") or "")
    login = authenticate.login(user, password, CONSOLE)
    try:
        yield login.principal
    finally:
        authenticate.logout(login.token, CONSOLE)
