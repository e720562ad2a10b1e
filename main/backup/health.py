"""Whether what is backed up would be there when it is needed: the journal judged for `pvmon doctor`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from main.backup.shelf import Entry, last
from main.doctor import Finding, Verdict

BACKUP_AGE_MAX = timedelta(days=2)
COPY_AGE_MAX = timedelta(days=7)  # off this machine
TRIAL_AGE_MAX = timedelta(days=7)


def judge_backups(entries: Sequence[Entry], now: datetime) -> list[Finding]:
    """Judge the newest backup, the newest copy on another disk, and the newest trial restore.

    Nothing is expected where nothing was ever kept; a fresh installation has as long as the limit is.
    """
    since = last(entries, "since", ok=None)
    first = since.at if since else (entries[0].at if entries else None)
    if first is None:
        return [Finding("backup", Verdict.OK, "none")]
    return [
        _judged("backup", last(entries, "backup"), first, now, BACKUP_AGE_MAX, _trouble(entries, "backup")),
        _judged(
            "copy",
            last(entries, "copy", other_disk=True),
            first,
            now,
            COPY_AGE_MAX,
            _trouble(entries, "copy"),
        ),
        _trial(entries, first, now),
    ]


def _trouble(entries: Sequence[Entry], what: str) -> str:
    newest = last(entries, what, ok=None)
    return newest.reason if newest is not None and not newest.ok else ""


def _judged(
    check: str, done: Entry | None, first: datetime, now: datetime, age_max: timedelta, trouble: str
) -> Finding:
    begun = done.at if done is not None else first
    values = {
        "at": f"{done.at:%Y-%m-%d %H:%M} UTC" if done else "—",
        "days": f"{(now - begun) / timedelta(days=1):.1f}",
        "file": done.file if done else "",
        "reason": trouble or "—",
        "most": f"{age_max.days}",
    }
    if now - begun > age_max:
        return Finding(check, Verdict.FAIL, "old" if done else "never", values)
    if trouble or done is None:
        return Finding(check, Verdict.WARN, "failed" if trouble else "not_yet", values)
    return Finding(check, Verdict.OK, "good", values)


def _trial(entries: Sequence[Entry], first: datetime, now: datetime) -> Finding:
    trouble = _trouble(entries, "restore_test")
    found = _judged("restore_test", last(entries, "restore_test"), first, now, TRIAL_AGE_MAX, trouble)
    if found.outcome == "failed":  # a backup that cannot be restored is none
        return Finding("restore_test", Verdict.FAIL, "failed", found.values)
    return found
