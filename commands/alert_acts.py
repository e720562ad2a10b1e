"""What acts on alerts share, of plants and of industries: one after the other, refused or kept, audited."""

from datetime import datetime

from access.principal import Principal
from alerts.handling import HandlingRefusedError, after, fold
from commands.audit import Audited
from commands.case_rules import checked_text
from domain.clock import Clock
from domain.errors import RecordRejectedError
from domain.handling import AlertAct, AlertActKind, Handling
from domain.plant import Registry
from stores.work_protocol import WorkStore


class AlertActs(Audited):
    """Base of commands on alerts; who may act on which alert is said by ``_check_alert``."""

    def __init__(
        self, records: WorkStore, registry: Registry, clock: Clock, field_clock: Clock | None = None
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._work = records
        self._registry = registry

    def _check_alert(self, principal: Principal, alert_id: str) -> None:
        """Refuse an alert that is not there or not within reach; both get the same answer."""
        raise NotImplementedError

    def _act(
        self,
        principal: Principal,
        alert_id: str,
        seen: int,
        kind: AlertActKind,
        reason: str = "",
        until: datetime | None = None,
        to: str = "",
    ) -> Handling:
        self._check_alert(principal, alert_id)
        handling = fold(alert_id, self._work.alert_acts([alert_id]).get(alert_id, ()))
        act = AlertAct(
            alert_id,
            seen + 1,
            self._field_clock.now(),
            principal.user_id,
            kind,
            checked_text(reason),
            until,
            checked_text(to, 40),
        )
        changed = after(handling, act)
        try:
            with self._carry_out(principal, f"alert.{kind.value}", alert_id):
                self._work.add_alert_act(act)
        except RecordRejectedError as error:
            raise HandlingRefusedError("somebody_quicker") from error
        return changed
