"""Setting up put together: the desk of files and wires, and the word that opens the first account."""

import secrets
from typing import TYPE_CHECKING

from commands.passwords import Passwords
from commands.setting_up import FirstStart, SettingUp
from dashboard.services import SetupServices
from domain.clock import SystemClock
from main.setup_desk import FileSetupDesk

if TYPE_CHECKING:
    from main.instance import Instance

_WORD_BYTES = 6


def setup_services(instance: "Instance") -> SetupServices:
    """Return setting up; the word of the first account is made anew at each start and told once it is needed."""
    records, clock = instance.records, SystemClock()
    up = SettingUp(records, FileSetupDesk(instance), clock, instance.options.clock)
    if records.users():
        return SetupServices(up)
    word = secrets.token_hex(_WORD_BYTES)
    instance.first_word = word
    return SetupServices(up, FirstStart(records, Passwords(), clock, word))
