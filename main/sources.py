"""Which source speaks a gateway's protocol; apart from `main.build`, so that a look at a device does not load the stores."""

from collectors.dlt645 import Dlt645Source
from collectors.modbus import ModbusSource
from collectors.source import Source
from domain.plant import Gateway


def make_source(gateway: Gateway) -> Source:
    """Return the wire of a gateway."""
    return Dlt645Source(gateway) if gateway.protocol.is_dlt645 else ModbusSource(gateway)
