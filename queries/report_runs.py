"""What a job of a report leaves in the job table, written and read in one place."""

import re
from datetime import date

JOB = "report_"
_MADE = re.compile(r"(\d+) reports, (\d+) files, ([\d-]+)(?:; (.*))?")


def made_line(count: int, files: int, day: date) -> str:
    """Return the line of a run that made reports about a day, or the month that ends with it."""
    return f"{count} reports, {files} files, {day}"


def read_made(line: str) -> tuple[str, str, str, str] | None:
    """Return counts of reports and files, the day, and what could not be sent; None for another line."""
    found = _MADE.fullmatch(line)
    return None if found is None else (found[1], found[2], found[3], found[4] or "")
