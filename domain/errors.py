"""Every exception this system raises on purpose, in one tree.

* PvmonError
  x ConfigurationError        a person must edit a file; never retried
    + ProfileError
  x CollectError              the field misbehaves; retried by the poller
    + UnreachableError          no connection, or no answer within the deadline
      + NoConnectionError         the gateway itself: nobody on its wire can be asked
    + MalformedAnswerError      an answer that does not fit the question: never decoded
    + RefusedError              the device answered with a Modbus exception (code kept)
  x StoreError
    + StoreUnavailableError     retried; data stays in the spool
      + StoreDeniedError          it does not accept us: a person must give a valid token
    + StoreVersionError         made by a newer program; never retried
    + RecordRejectedError       this record is bad; never retried
  x SpoolError                  the disk refused; nothing was acknowledged
  x NotifyError               a message was not taken by its target; retried until it expires
    + NotifyRefusedError        the target will never take it
  x AccessDeniedError         who asked may not have it
  x CommandError              what a person asked for cannot be done; says why and what to do
    + WordedError               the same, with its words in texts/
  x StoppedError              the program ends before the work was done; it comes again
  x MoneyError                money does not add up; stops, wakes a person
    + LedgerRefusedError        the books refuse an entry: other content, closed period, no cash, same person

``retry`` tells the caller what to do, so nobody inspects messages.
"""

from collections.abc import Callable


class PvmonError(Exception):
    """Base class of every error raised on purpose."""

    retry: bool = False


class ConfigurationError(PvmonError):
    """A file or setting must be edited by a person."""


class ProfileError(ConfigurationError):
    """A device profile is not sound."""


class CollectError(PvmonError):
    """The field misbehaves."""

    retry = True


class UnreachableError(CollectError):
    """No connection, or no answer within the deadline."""


class NoConnectionError(UnreachableError):
    """The gateway cannot be reached: every device on its wire is out of reach."""


class MalformedAnswerError(CollectError):
    """An answer that does not fit the question; nothing of it may be decoded."""


class RefusedError(CollectError):
    """The device answered with a Modbus exception.

    Attributes
    ----------
    code : int
        Modbus exception code (1 illegal function, 2 illegal address, 6 busy, 10/11 gateway).
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class StoreError(PvmonError):
    """Something could not be kept or read."""


class StoreUnavailableError(StoreError):
    """The store does not answer; the data stays where it is.

    Attributes
    ----------
    retry_after_s : float
        How long the store asks to be left alone, 0 when it says nothing.
    """

    retry = True

    def __init__(self, message: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreDeniedError(StoreUnavailableError):
    """The store answers and does not accept us."""


class StoreVersionError(StoreError):
    """The file was written by a newer version of this program."""


class RecordRejectedError(StoreError):
    """One record is bad and will be so tomorrow."""


class SpoolError(StoreError):
    """The local queue cannot write; nothing was acknowledged."""

    retry = True


class NotifyError(PvmonError):
    """A target did not take a message. The text names no secret."""

    retry = True


class NotifyRefusedError(NotifyError):
    """A target will never take a message: its address is unsound or not allowed."""

    retry = False


class AccessDeniedError(PvmonError):
    """Who asked may not have it. ``reason`` and ``values`` are its words in texts/ (``denied.*``) where it has any."""

    def __init__(self, message: str, reason: str = "", /, **values: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.values = values

    def words(self, texts: Callable[..., str]) -> str:
        """Return why, in the reader's language as far as there are words for it; else the message."""
        return texts(f"denied.{self.reason}", **self.values) if self.reason else str(self)


class CommandError(PvmonError):
    """What a person asked for cannot be done; the message says why and what to do."""


class WordedError(CommandError):
    """The same with words in texts/: ``key`` stands below ``area``, which the kind of the error names."""

    area = ""

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(f"{self.area}.{key}")
        self.key, self.values = f"{self.area}.{key}", values

    def words(self, texts: Callable[..., str]) -> str:
        """Return why, in the reader's language."""
        return texts(self.key, **self.values)


class StoppedError(PvmonError):
    """The program ends before the work was done."""

    retry = True


class MoneyError(PvmonError):
    """Money does not add up."""


class LedgerRefusedError(MoneyError):
    """The books refuse something. ``reason`` and ``values`` are its words in texts/ (``ledger.refused.*``)."""

    def __init__(self, reason: str, /, **values: object) -> None:
        self.reason = reason
        self.values = values
        told = ", ".join(f"{name} {value}" for name, value in values.items())
        super().__init__(f"the books refuse this ({reason}): {told}")
