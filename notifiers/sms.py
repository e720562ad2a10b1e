"""Text messages through a 4G modem on a serial port: AT commands, UCS2, danger only, at most so many a day.

The secret file's first line is the port, ``/dev/ttyUSB2`` or ``/dev/ttyUSB2@115200``; phone numbers are those of
the receivers. One message holds seventy signs; what is longer is cut, for a page has the rest. A modem that
fell silent after it was given the text may have sent it: better twice than never.
"""

import re
import time
from collections.abc import Callable, Mapping

import serial

from domain.errors import ConfigurationError, NotifyError, NotifyRefusedError
from domain.notification import Notification

UNITS_MAX = 70  # of UTF-16, what one message in UCS2 holds
BAUD = 115_200
ANSWER_S, SENT_S = 5.0, 30.0
_READ_S = 0.1
_PORT = re.compile(r"(/dev/[A-Za-z0-9/_.-]+)(?:@(\d{3,7}))?")
_NUMBER = re.compile(r"\+?\d{5,15}")
_END = "\x1a"
_SET_UP = ("ATE0", "AT+CMEE=1", "AT+CMGF=1", 'AT+CSCS="UCS2"', "AT+CSMP=17,167,0,8")
_FAILED = re.compile(r"\bERROR\b")
_DONE = re.compile(r"(?m)^OK\r?$")


class SmsChannel:
    """Implements domain.notification.Channel.

    Parameters
    ----------
    port : str
        The secret file's first line.
    phones : mapping
        Number of each receiver.
    daily_max : int
        Messages a day at most; 0: as many as come.
    sent_today : callable
        Tells how many this target took on this local day.
    """

    def __init__(
        self, port: str, phones: Mapping[str, str], daily_max: int, sent_today: Callable[[], int]
    ) -> None:
        found = _PORT.fullmatch(port)
        if found is None:
            raise ConfigurationError("the address of an SMS target must be /dev/NAME or /dev/NAME@BAUD")
        self._port, self._baud = found[1], int(found[2] or BAUD)
        self._phones = phones
        self._daily_max = daily_max
        self._sent_today = sent_today

    def send(self, notification: Notification) -> None:
        """Send one message and wait until the network has it."""
        number = re.sub(r"[ -]", "", self._phones.get(notification.receiver_id, ""))
        if _NUMBER.fullmatch(number) is None:
            raise NotifyRefusedError("the receiver has no telephone number that a modem can dial")
        if self._daily_max and self._sent_today() >= self._daily_max:
            raise NotifyRefusedError(f"{self._daily_max} text messages were sent today, which is the most")
        try:
            with serial.Serial(self._port, self._baud, timeout=_READ_S, write_timeout=ANSWER_S) as wire:
                _Modem(wire).send(number, short(notification))
        except (OSError, ValueError) as error:  # the library's own errors are OSErrors
            raise NotifyError(f"the modem's port cannot be used ({type(error).__name__})") from None


class _Modem:
    """One talk with a modem."""

    def __init__(self, wire: "serial.Serial") -> None:
        self._wire = wire

    def send(self, number: str, text: str) -> None:
        """Make it ready and hand it one message."""
        self._wire.reset_input_buffer()
        for words in _SET_UP:
            self._ask(words)
        self._write(f'AT+CMGS="{ucs2(number)}"\r')
        self._until(re.compile(r">"), ANSWER_S, "it does not take a text")
        self._write(ucs2(text) + _END)
        self._until(_DONE, SENT_S, "the network did not confirm the message")

    def _ask(self, words: str) -> None:
        self._write(f"{words}\r")
        self._until(_DONE, ANSWER_S, f"no answer to {words}")

    def _write(self, words: str) -> None:
        self._wire.write(words.encode("ascii"))

    def _until(self, wanted: re.Pattern[str], within_s: float, otherwise: str) -> None:
        """Read until what is wanted came; a modem talks of other things in between."""
        end_s, heard = time.monotonic() + within_s, ""
        while time.monotonic() < end_s:
            heard += self._wire.read(256).decode("ascii", "replace")
            if _FAILED.search(heard):
                said = next((line for line in heard.splitlines() if "ERROR" in line), "ERROR")
                raise NotifyError(f"the modem says {said.strip()[:40]}")
            if wanted.search(heard):
                return
        raise NotifyError(f"the modem: {otherwise} within {within_s:g} s")


def ucs2(text: str) -> str:
    """Return text as the modem wants it: four hexadecimal digits a unit."""
    return text.encode("utf-16-be").hex().upper()


def short(notification: Notification) -> str:
    """Return title and first line, cut to one message without halving a sign."""
    text = " ".join(f"{notification.title} {notification.body.partition(chr(10))[0]}".split())
    while len(text.encode("utf-16-be")) > 2 * UNITS_MAX:
        text = text[:-2].rstrip() + "…" if text.endswith("…") else text[:-1].rstrip() + "…"
    return text
