"""What a store of days promises; spelled out in tests/stores/records/test_days.py."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from domain.day_figures import DayFigures, DayLoss


class DayStore(Protocol):
    """Figures and losses of plants by local day. Thread safe. A day computed again replaces what was kept of it."""

    def put_days(
        self, plant_id: str, days: Sequence[date], figures: Sequence[DayFigures], losses: Sequence[DayLoss]
    ) -> None:
        """Keep all that is known of a plant's days, in place of what was kept of them; all or nothing."""
        ...

    def day_figures(self, plant_id: str, first: date, last: date) -> list[DayFigures]:
        """Return figures from a day to a day, both included, by day, then device; the plant comes first."""
        ...

    def day_losses(self, plant_id: str, first: date, last: date) -> list[DayLoss]:
        """Return losses from a day to a day, both included, by day, device and cause."""
        ...
