"""Practice copies: each a data folder of its own below ``practice/``, opened as an application of its own when it is used.

A copy has its own records, key and configuration; of the running program it sees the list of plants, last values,
measurements and daily figures, and can write none of them. Nothing runs on it: no job, no notifier, no interface.
"""

import hashlib
import logging
import shutil
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access.principal import Principal
from access.villages import villages_seen
from commands.passwords import Passwords
from commands.practice import Practice, PracticeRefusedError, PracticeSeats, seats_of
from dashboard.services import DashboardSettings, Services
from domain.clock import SystemClock
from main.build import records_address
from main.payout import key_path
from stores.reading_only import ReadingOnly
from stores.records.practice import copy_to_practise
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore
from texts.loader import Texts

if TYPE_CHECKING:
    from main.instance import Instance

log = logging.getLogger(__name__)
FOLDER = "practice"
_OPEN_MAX = 6


@dataclass
class _Open:
    inner: "Instance"
    application: Any


class PracticeDesk:
    """Implements commands.practice.PracticeCopies and dashboard.practice.Copies over an instance's data folder."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._open: dict[str, _Open] = {}  # oldest use first
        self._lock = threading.RLock()
        self._settings: DashboardSettings | None = None
        self._services: Services | None = None

    def serve(self, services: Services, settings: DashboardSettings) -> None:
        """Take what the real application is built of."""
        self._services, self._settings = services, settings

    # ------------------------------------------------------------------ copies

    def made_at(self, user_id: str) -> datetime | None:
        """Return when a person's copy was made, None where there is none."""
        try:
            return datetime.fromtimestamp(self._mark(user_id).stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def make(self, principal: Principal) -> int:
        """Make a person's copy, in place of an earlier one; return how many villages it has."""
        villages = villages_seen(principal, self._instance.options.registry)
        if not villages:
            raise PracticeRefusedError("no_village")
        with self._lock:
            self.drop(principal.user_id)
            try:
                self._fill(principal, villages)
            except BaseException:
                self.drop(principal.user_id)
                raise
            self._mark(principal.user_id).touch(mode=0o600)
        return len(villages)

    def _fill(self, principal: Principal, villages: list[str]) -> None:
        folder, real = self._folder(principal.user_id), self._instance.options.settings
        folder.mkdir(parents=True, mode=0o700)
        if real.overlay_dir.is_dir():  # the rules and prices in force
            shutil.copytree(real.overlay_dir, folder / real.overlay_dir.name)
        settings = _settings_in(real, folder)
        target = SqlRecordStore(records_address(settings))
        try:
            users = seats_of(principal, Texts("zh")("practice.checker"))
            sealer = Sealer(key_path(settings))
            copy_to_practise(self._instance.records.database, target, sealer, villages, users)
        finally:
            target.close()

    def drop(self, user_id: str) -> bool:
        """Delete a person's copy; tell whether there was one."""
        with self._lock:
            opened = self._open.pop(user_id, None)
            if opened is not None:
                opened.inner.stop()
            folder = self._folder(user_id)
            if not folder.exists():
                return False
            shutil.rmtree(folder)
            return True

    def stop(self) -> None:
        """Close what is open; the copies stay."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].inner.stop()

    def _folder(self, user_id: str) -> Path:
        named = hashlib.sha256(user_id.encode()).hexdigest()[:24]
        return self._instance.options.data / FOLDER / named

    def _mark(self, user_id: str) -> Path:
        return self._folder(user_id) / "whole"  # written last: a copy half made is none

    # ------------------------------------------------------------------ applications

    def application(self, principal: Principal) -> Any | None:
        """Return the application over a person's copy, None where there is none."""
        with self._lock:
            found = self._open.pop(principal.user_id, None)
            if found is None:
                if self.made_at(principal.user_id) is None:
                    return None
                while len(self._open) >= _OPEN_MAX:
                    self._open.pop(next(iter(self._open))).inner.stop()
                found = self._opened(principal)
            self._open[principal.user_id] = found
            return found.application

    def _opened(self, principal: Principal) -> _Open:
        from dashboard import practice
        from dashboard.factory import create_app

        assert self._services is not None, "served first"
        assert self._settings is not None, "served first"
        real, options = self._instance, self._instance.options
        settings = _settings_in(options.settings, self._folder(principal.user_id))
        inner = type(real)(replace(options, settings=settings, broker=None), real.latest)
        inner.open_records()
        inner.store = ReadingOnly(real.store)
        seats = PracticeSeats(
            inner.records, self._services.authenticate, principal.user_id, Passwords(), SystemClock()
        )
        services = _narrowed(inner.services(), self._services, seats)
        shown = replace(self._settings, metrics_token="", screen_token="")
        application = create_app(services, shown, prefix=practice.PREFIX)
        practice.install(application, seats)
        return _Open(inner, application)


def _settings_in(settings: Any, folder: Path) -> Any:
    """Return the settings of a copy: its own folder and records, no public address."""
    return settings.model_copy(update={"data_dir": folder, "records_url": "", "public_url": ""})


def _narrowed(services: Services, real: Services, seats: PracticeSeats) -> Services:
    """Return what a copy serves: money and its plants; nothing public, nobody told, no work, no setting."""
    payout = services.payout
    return replace(
        services,
        authenticate=seats,
        sources=replace(
            services.sources,
            days=real.sources.days,
            health=real.sources.health,
            alerts=None,
        ),
        payout=replace(payout, public=None, households=None) if payout is not None else None,
        work=None,
        industries=None,
        personal=None,
        setup=None,
        practice=None,
    )


def practice_commands(instance: "Instance") -> Practice:
    """Return the commands on one's own copy."""
    return Practice(instance.records, instance.practice, SystemClock(), instance.options.clock)
