"""Services that people read: DingTalk, WeCom, Feishu, Lark, e-mail. The one importer of Apprise.

Only services whose host is fixed by the service itself, and e-mail, whose server is checked like a webhook.
Apprise says only yes or no; its own log could hold addresses and is kept silent.
"""

import logging
import warnings
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import apprise as library

from domain.errors import ConfigurationError, NotifyError
from domain.notification import Notification
from notifiers.addresses import checked_address

SCHEMES = frozenset({"dingtalk", "wecombot", "feishu", "lark", "mailto", "mailtos"})
TIMEOUT_S = 5.0


class AppriseChannel:
    """Implements domain.notification.Channel for one Apprise address.

    Raises
    ------
    ConfigurationError
        The address is of no service allowed here; the message does not repeat it.
    """

    def __init__(self, url: str, private_hosts: AbstractSet[str]) -> None:
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        scheme = url.partition("://")[0].lower()
        if scheme not in SCHEMES:
            raise ConfigurationError(
                f"the address of a target begins with none of {', '.join(sorted(SCHEMES))}; "
                "for a webhook of your own use kind webhook"
            )
        with warnings.catch_warnings():  # its many services load modules that are going out of use
            warnings.simplefilter("ignore")
            found: Any = library.Apprise.instantiate(url, suppress_exceptions=True)
        if found is None:
            raise ConfigurationError(f"the {scheme} address of a target cannot be understood")
        found.redirects = False
        found.socket_connect_timeout = TIMEOUT_S
        found.socket_read_timeout = TIMEOUT_S
        self._service = found
        self._is_mail = scheme.startswith("mailto")
        self._private_hosts = private_hosts

    def send(self, notification: Notification) -> None:
        """Hand one message to the service."""
        self.send_files(notification, ())

    def send_files(self, notification: Notification, files: Sequence[Path]) -> None:
        """Hand one message to the service; a mail carries the files, other services get the words alone."""
        attached = [str(file) for file in files] if self._is_mail and files else None
        if self._is_mail:
            checked_address(self._service.smtp_host, int(self._service.port or 25), self._private_hosts)
        try:
            taken = self._service.notify(
                body=notification.body,
                title=notification.title,
                body_format=library.NotifyFormat.TEXT,
                attach=attached,
            )
        except Exception as error:  # noqa: BLE001 (a foreign library: whatever it raises, nothing was taken)
            raise NotifyError(f"the service did not take it ({type(error).__name__})") from None
        if not taken:
            raise NotifyError("the service did not take it")
