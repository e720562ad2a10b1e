"""Everything work on faults is kept in, behind one transaction manager."""

from typing import Protocol

from stores.alert_protocol import AlertStore
from stores.case_protocol import CaseStore
from stores.notification_protocol import HandlingStore, NotificationStore
from stores.protocol import RecordStore


class WorkStore(RecordStore, AlertStore, CaseStore, HandlingStore, NotificationStore, Protocol):
    """Alerts, what people do about them, cases, and messages."""
