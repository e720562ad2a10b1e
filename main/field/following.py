"""The running program follows the registry: a new revision is in force in every part within seconds, without a restart."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import PvmonError
from domain.plant import Registry
from main.build import device_kinds
from main.configuration import load_registry
from main.looking import Looker
from main.registry.revisions import current_number

if TYPE_CHECKING:
    from main.edge import EdgeInstance
    from main.instance import Instance

log = logging.getLogger(__name__)
_LOOK_S = 5.0


class RegistryFollower:
    """Looks every few seconds which revision is in force; a changed one is read, checked and taken.

    A revision that is not sound is told once and not taken: what was in force goes on.

    Parameters
    ----------
    part : callable or None
        Returns what of a registry concerns the instance: that of a village knows one plant.
    """

    def __init__(
        self, instance: "Instance | EdgeInstance", part: Callable[[Registry], Registry] | None = None
    ) -> None:
        self._instance = instance
        self._part = part
        self._overlay: Path = instance.options.settings.overlay_dir
        self._taken = self._number()
        self._taking = threading.Lock()
        self._looker = Looker(
            "registry", _LOOK_S, self.follow, "following the registry failed; what was in force goes on"
        )
        self.start, self.stop = self._looker.start, self._looker.stop

    def _number(self) -> int:
        try:
            return current_number(self._overlay)
        except PvmonError:
            return 0

    def follow(self) -> list[str] | None:
        """Take the revision in force; return the gateways polled otherwise, None when there is nothing new.

        Raises
        ------
        ConfigurationError
            The revision is not sound.
        """
        with self._taking:
            number = self._number()
            if number == self._taken:
                return None
            self._taken = number  # one that is not sound is told once
            return self._take(number)

    def _take(self, number: int) -> list[str]:
        instance = self._instance
        options = instance.options
        overlay = self._overlay if self._overlay.is_dir() else None
        fresh = load_registry(options.settings.config_dir, overlay, profiles=options.profiles)
        options.registry.become(fresh if self._part is None else self._part(fresh))
        if hasattr(instance, "store"):
            instance.store.register(device_kinds(options.registry))
        changed = instance.collector.follow() if instance.collector is not None else []
        log.warning(
            "registry revision %s is in force: %s devices", number, len(options.registry.devices_by_id)
        )
        return changed
