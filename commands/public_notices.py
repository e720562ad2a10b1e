"""Public notices for everybody: which villages and periods there are, and the page of one. Nobody logs in.

What is shown is what a board shows, names masked. Persons are shown while a notice hangs and for a season
after it; later the page keeps the classes, the sums and the code, as the books do (ADR 0052).
"""

from collections.abc import Iterator
from datetime import date, timedelta

from access.guard import guarded, open_to_anyone
from commands.notice_facts import notice_facts
from commands.papers.notice_sheet import NoticeFacts
from commands.papers.public_page import home_page, period_page, village_page
from domain.clock import Clock
from domain.plant import Registry
from domain.timespan import day_of
from revenue.dossier import Dossier
from revenue.notice import Notice
from stores.payout import PayoutStores
from texts.loader import Texts

PERSONS_SHOWN = timedelta(days=90)  # after the last day of a notice
ROOT = "/gs/"


@guarded
class PublicNotices:
    """Pages of notices. ``base_url`` is where people reach them, such as https://pv.example.cn; empty: no QR code."""

    def __init__(
        self, stores: PayoutStores, registry: Registry, field_clock: Clock, base_url: str = ""
    ) -> None:
        self._stores = stores
        self._registry = registry
        self._clock = field_clock
        self._base_url = base_url.rstrip("/")

    @open_to_anyone
    def home(self, texts: Texts) -> str:
        """Return the page of all villages that have published something."""
        with_notices = {one.plan.village_id for one in self._published()}
        towns = []
        for town in self._registry.towns:
            name = town.label(texts.language)
            villages = [
                (f"{ROOT}{one.village_id}/", self._registry.village_label(one.village_id, texts.language))
                for one in self._registry.villages
                if one.town_id == town.town_id and one.village_id in with_notices
            ]
            if villages:
                towns.append((name, villages))
        return home_page(towns, texts, sample=self._registry.sample)

    @open_to_anyone
    def village(self, village_id: str, texts: Texts) -> str | None:
        """Return the page of a village's periods, None when it published nothing."""
        found = {_period(one): one for one in self._published(village_id)}
        if not found:
            return None
        label = self._registry.village_label(village_id, texts.language)
        periods = [
            (f"{ROOT}{village_id}/{period}/", _months(one))
            for period, one in sorted(found.items(), reverse=True)
        ]
        return village_page(label, periods, ROOT, texts, sample=self._registry.sample)

    @open_to_anyone
    def period(self, village_id: str, period: str, texts: Texts) -> str | None:
        """Return the page of a village and period such as ``2026-07``, None when there is no notice."""
        dossiers = [one for one in self._published(village_id, period) if _period(one) == period]
        today = day_of(self._clock.now())
        shown = [
            (notice, self._facts(dossier, notice, texts), today <= notice.ends + PERSONS_SHOWN)
            for dossier in dossiers
            for notice in dossier.notices
        ]
        if not shown:
            return None
        shown.sort(key=lambda one: (one[0].starts, one[0].number), reverse=True)
        label = self._registry.village_label(village_id, texts.language)
        links = [(ROOT, texts("public.villages")), (f"{ROOT}{village_id}/", label)]
        address = f"{self._base_url}{ROOT}{village_id}/{period}/" if self._base_url else ""
        return period_page(shown, address, links, texts, sample=self._registry.sample)

    @open_to_anyone
    def files(self, texts: Texts) -> Iterator[tuple[str, str]]:
        """Yield every page as a path below a web host's folder and its text."""
        yield "gs/index.html", self.home(texts)
        places: dict[str, set[str]] = {}
        for one in self._published():
            places.setdefault(one.plan.village_id, set()).add(_period(one))
        for village_id, periods in sorted(places.items()):
            yield f"gs/{village_id}/index.html", self.village(village_id, texts) or ""
            for period in sorted(periods):
                yield f"gs/{village_id}/{period}/index.html", self.period(village_id, period, texts) or ""

    def _published(self, village_id: str | None = None, period: str = "") -> list[Dossier]:
        if village_id is not None and village_id not in self._registry.villages_by_id:
            return []
        villages = None if village_id is None else [village_id]
        found = self._stores.dossiers.of_villages(villages, period, period or "9999-99")
        return [one for one in found if one.notices]

    def _facts(self, dossier: Dossier, notice: Notice, texts: Texts) -> NoticeFacts:
        return notice_facts(self._stores, self._registry, dossier, notice, texts)


def _period(dossier: Dossier) -> str:
    return f"{dossier.plan.first_month:%Y-%m}"


def _months(dossier: Dossier) -> str:
    first: date = dossier.plan.first_month
    last: date = dossier.plan.last_month
    return f"{first:%Y-%m}" if first == last else f"{first:%Y-%m} – {last:%Y-%m}"
