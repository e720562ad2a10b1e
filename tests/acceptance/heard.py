"""What everybody was told in a story."""

from domain.notification import Event, Notification


class Heard:
    """The channel of everybody."""

    def __init__(self) -> None:
        self.all: list[Notification] = []

    def send(self, notification: Notification) -> None:
        self.all.append(notification)

    def about(self, alert_id: str) -> list[tuple[str, Event]]:
        return [(one.receiver_id, one.event) for one in self.all if alert_id in one.alert_ids]
