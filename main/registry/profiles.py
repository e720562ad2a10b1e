"""What the registry must know of device profiles: which exist, for what kind, and how long a wire is busy."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.plant import DeviceKind
from inverters.dlt645 import LIVE_IDENTIFIERS
from inverters.mapping import DocumentMapping
from inverters.plan import plan
from inverters.profile import DeviceProfile, load_profiles


@dataclass(frozen=True)
class KnownProfile:
    """One profile. ``kind`` is None when it serves any kind of device (JSON documents by quantity name)."""

    profile: DeviceProfile
    _reads: dict[int, int] = field(default_factory=dict, repr=False, compare=False)

    @property
    def kind(self) -> DeviceKind | None:
        """The kind of device it is for."""
        own_format = self.profile.json_document and self.profile.mapping is None
        return None if own_format else self.profile.kind

    @property
    def json_document(self) -> bool:
        """Tell whether it reads JSON documents instead of registers."""
        return self.profile.json_document

    @property
    def mapping(self) -> DocumentMapping | None:
        """What its gateway's own JSON means; None for registers and for our format."""
        return self.profile.mapping

    @property
    def dlt645(self) -> bool:
        """Tell whether it is read by data identifiers instead of registers."""
        return self.profile.dlt645

    @property
    def connect_delay_s(self) -> float:
        """How long to wait after connecting. [s]"""
        return self.profile.limits.connect_delay_s

    @property
    def request_pause_s(self) -> float:
        """How long to wait between requests. [s]"""
        return self.profile.limits.request_pause_s

    def reads(self, string_count: int) -> int:
        """Return how many requests one cycle of such a device takes."""
        if string_count not in self._reads:
            planned = plan(self.profile, string_count=string_count or None)
            self._reads[string_count] = len(LIVE_IDENTIFIERS) if self.profile.dlt645 else len(planned)
        return self._reads[string_count]


def known_profiles(profiles: Mapping[str, DeviceProfile] | None = None) -> Mapping[str, KnownProfile]:
    """Return what is known of ``profiles``, or of all that come with the program."""
    return {
        name: KnownProfile(one) for name, one in (load_profiles() if profiles is None else profiles).items()
    }
