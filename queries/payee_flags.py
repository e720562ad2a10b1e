"""Red flags about payees out of rosters, payee accounts and dossiers of plans; names and numbers never leave here."""

from collections.abc import Collection

from revenue import payee_flags
from revenue.red_flags import Flag
from stores.ledger_protocol import MoneyFactStore
from stores.payout import PayoutStores


class PayeeFlags:
    """Looks through what payout keeps, village by village; who asks was permitted by the query that calls it."""

    def __init__(self, stores: PayoutStores, facts: MoneyFactStore) -> None:
        self._stores = stores
        self._facts = facts

    def of_villages(self, village_ids: Collection[str]) -> list[Flag]:
        """Return every flag about payees of these villages."""
        rosters = {village: self._stores.rosters.rosters(village) for village in sorted(village_ids)}
        newest = [every[-1] for every in rosters.values() if every]
        payees = {member.payee_id or member.person_id for one in newest for member in one.active}
        accounts = self._stores.rosters.accounts(payees)
        dossiers = self._stores.dossiers.of_villages(village_ids)
        found = [
            *payee_flags.shared_cards({person: one.number for person, one in accounts.items()}),
            *payee_flags.several_villages(newest),
            *payee_flags.several_posts(dossiers),
            *payee_flags.watched(payees, self._listed()),
            *payee_flags.step_pairs(dossiers),
            *payee_flags.reused_photos(dossiers),
        ]
        for dossier in dossiers:
            found += payee_flags.paid_after_leaving(dossier, rosters.get(dossier.plan.village_id, []))
            found += payee_flags.quick_acts(dossier.acts)
        return found

    def _listed(self) -> set[str]:
        lists = self._facts.facts(payee_flags.LIST)
        return set(lists[-1].content["persons"]) if lists else set()
