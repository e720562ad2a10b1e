"""What the command line may ask of the clock of a running collector: how it stands, and that a person confirms it."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from domain.errors import CommandError

if TYPE_CHECKING:
    from main.instance import Instance

log = logging.getLogger(__name__)
CONFIRM_CLOCK = "clock.confirm"


def clock_told(instance: "Instance") -> dict[str, Any] | None:
    """Return how the clock stands, None where nothing is collected."""
    if instance.collector is None:
        return None
    state = instance.collector.time.state()
    return {
        "source": instance.options.settings.clock_source,
        "trusted": state.trusted,
        "unsure": state.unsure,
        "steps": state.steps,
        "off_s": state.off_s,
        "held": state.held,
    }


def confirm_clock(instance: "Instance", payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take a person's word that the clock is right.

    Raises
    ------
    CommandError
        Nothing is collected here, or the clock shows a year that cannot be.
    """
    if instance.collector is None:
        raise CommandError("this instance does not collect; ask the one that does")
    shows = f"{instance.options.clock.now():%Y-%m-%d %H:%M:%S} UTC"
    if not instance.collector.confirm_clock():
        raise CommandError(
            f"the clock shows {shows}, which cannot be; set it first: sudo timedatectl set-time ..."
        )
    log.warning("the clock (%s) was confirmed by %s", shows, payload.get("user", ""))
    return {"confirmed": shows}
