"""Words about what the villages of a town reported."""

from dashboard.pages.base import Site
from dashboard.pages.industries.parts import amount, named
from industries.collecting import Collected
from queries.industry_views import FormRow
from texts.loader import Texts


def village_line(site: Site, villages: Collected, texts: Texts) -> str:
    """Return how many villages reported, and who is missing."""
    registry, count = site.services.sources.registry, len(villages.villages)
    if not villages.missing:
        return texts("village_reports.all_there", count=count)
    names = (registry.villages_by_id[one] for one in villages.missing)
    missing = texts("industries.page.separator").join(named(one, texts) for one in names)
    return texts("village_reports.there", there=villages.there, count=count, missing=missing)


def village_words(row: FormRow, villages: Collected, texts: Texts) -> str:
    """Return what the villages come to for one indicator, and whether the town said something else."""
    found = villages.sums.get(row.indicator.indicator_id)
    if found is None:
        return ""
    differs = row.report is not None and row.report.value != found.value
    said = amount(row.indicator, found.value, texts)
    key = "differs" if differs else "sum"
    return texts(f"village_reports.{key}", value=said, there=found.count, count=len(villages.villages))
