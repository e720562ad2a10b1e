"""Whom a villager may turn to when nothing happens: the persons who answer for each town, for everybody."""

from dataclasses import dataclass

from access.guard import guarded, open_to_anyone
from domain.maintenance import Contact, Maintenance
from domain.plant import Registry


@dataclass(frozen=True, slots=True)
class TownContact:
    """A town and who answers for it; None: nobody is named, which is shown too."""

    town: str
    contact: Contact | None


@guarded
class PublicContacts:
    """The contact page: names, posts and office numbers that the district chose to publish, nothing else."""

    def __init__(self, registry: Registry, maintenance: Maintenance) -> None:
        self._registry = registry
        self._maintenance = maintenance

    @property
    @open_to_anyone
    def is_sample(self) -> bool:
        """Whether the persons are invented."""
        return self._maintenance.sample or self._registry.sample

    @open_to_anyone
    def towns(self, language: str = "zh") -> list[TownContact]:
        """Return every town with who answers for it."""
        return [
            TownContact(
                town.label(language),
                self._maintenance.responsible_for(town.town_id),
            )
            for town in self._registry.towns
        ]

    @open_to_anyone
    def answer_days(self) -> list[tuple[str, int]]:
        """Return within how many working days reports and objections are answered, by kind."""
        return [(kind.value, days) for kind, days in self._maintenance.answer_days.items()]
