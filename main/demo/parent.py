"""A process that ends with the one that started it."""

import contextlib
import ctypes
import signal

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def end_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, so that a kill -9 leaves nothing behind."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
