"""From a target of the configuration to the channel that serves it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from domain.clock import Clock
from domain.errors import ConfigurationError
from domain.notification import Channel, Notifying, Target, TargetKind
from notifiers.log import DeskChannel, LogChannel
from notifiers.secret_file import read_secret

SentToday = Callable[[str], int]


def channels(
    notifying: Notifying, secrets: Path, clock: Clock, sent_today: SentToday = lambda _target_id: 0
) -> tuple[Mapping[str, Channel], list[str]]:
    """Return a channel per target, and what is wrong with the targets that have none.

    ``secrets`` is the folder of secret files, ``clock`` real time; ``sent_today`` tells how many messages a
    target took on this local day.
    """
    found: dict[str, Channel] = {}
    faults: list[str] = []
    for target in notifying.targets:
        try:
            found[target.target_id] = channel(target, notifying, secrets, clock, sent_today)
        except ConfigurationError as error:
            faults.append(str(error))
    return found, faults


def channel(
    target: Target, notifying: Notifying, secrets: Path, clock: Clock, sent_today: SentToday
) -> Channel:
    """Return the channel of one target.

    Raises
    ------
    ConfigurationError
        Its secret file or the address in it is no good.
    """
    if target.kind is TargetKind.DESK:
        return DeskChannel()
    if target.kind is TargetKind.LOG:
        return LogChannel()
    lines = read_secret(secrets, target.secret, target.target_id)
    hosts = notifying.private_hosts
    try:
        if target.kind is TargetKind.WEBHOOK:
            from notifiers.webhook import Webhook

            return Webhook(lines[0], lines[1] if len(lines) > 1 else "", hosts, clock)
        if target.kind is TargetKind.MQTT:
            from notifiers.mqtt import MqttChannel

            return MqttChannel(lines[0], target.topic, hosts)
        if target.kind is TargetKind.SMS:
            from notifiers.sms import SmsChannel

            phones = {one.receiver_id: one.phone for one in notifying.receivers}
            return SmsChannel(lines[0], phones, target.daily_max, lambda: sent_today(target.target_id))
        from notifiers.apprise import AppriseChannel

        return AppriseChannel(lines[0], hosts)
    except ConfigurationError as error:
        raise ConfigurationError(f"target {target.target_id}: {error}") from error
