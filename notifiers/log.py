"""Messages into our own log, for a plant without any channel and for the demonstration."""

import logging

from domain.notification import Notification

log = logging.getLogger("pvmon.notify")


class LogChannel:
    """Implements domain.notification.Channel. Names and phone numbers of people are no part of a message."""

    def send(self, notification: Notification) -> None:
        """Write one message."""
        log.info(
            "%s to %s: %s", notification.severity.name, notification.receiver_id, one_line(notification.title)
        )


class DeskChannel:
    """Implements domain.notification.Channel for the open pages: they read the message from the store."""

    def send(self, notification: Notification) -> None:
        """Take the message; being kept is being sent."""


def one_line(text: str) -> str:
    """Return text that stays on one line of a log."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
