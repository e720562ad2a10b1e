"""Masking: no secret reaches the log, whoever writes it there.

By value: every secret of the settings. By form: tokens of the data interface, bearer headers, addresses an app
is set up with, passwords in database addresses.
"""

import logging
import re
from collections.abc import Collection

MASK = "***"
_FORMS = (
    (re.compile(r"pvmon_[0-9a-f]{12}_[A-Za-z0-9_-]{20,}"), MASK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=_.~-]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"otpauth://\S+"), f"otpauth://{MASK}"),
    (re.compile(r"(://[^/\s:@]+):[^/\s@]+@"), rf"\1:{MASK}@"),
)


class Masking(logging.Formatter):
    """A formatter whose whole output, traces included, holds no secret."""

    def __init__(self, form: str, secrets: Collection[str] = ()) -> None:
        super().__init__(form)
        self._secrets = sorted((one for one in secrets if one), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line with secrets masked."""
        return self.masked(super().format(record))

    def masked(self, text: str) -> str:
        """Return text with secrets masked."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for form, instead in _FORMS:
            text = form.sub(instead, text)
        return text
