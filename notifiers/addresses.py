"""Which hosts a message may go to: never into this machine or its network, whatever the name resolves to.

The address is checked after the name was resolved, and the connection goes to that very address: a name that
resolves differently a moment later changes nothing. Hosts of one's own network are named one by one in
``config/notifying.yaml`` (``private_hosts``).
"""

import ipaddress
import socket
from collections.abc import Set as AbstractSet

from domain.errors import NotifyError, NotifyRefusedError

PORTS = frozenset({443, 465, 587, 8443, 8883})
_SPECIAL = ipaddress.ip_network("192.0.0.0/24")  # protocol assignments: not all of it counts as private
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def checked_address(host: str, port: int, private_hosts: AbstractSet[str]) -> str:
    """Return the address to connect to.

    Raises
    ------
    NotifyRefusedError
        The name is odd, the port is not one of ours, or an address is of this machine or a private network.
    NotifyError
        The name cannot be resolved now.
    """
    if not host.isascii() or not host or any(sign in host for sign in "@/\\ %"):
        raise NotifyRefusedError(
            "the host of the address is written oddly; use plain ASCII without user name"
        )
    is_named = f"{host}:{port}" in private_hosts
    if port not in PORTS and not is_named:
        raise NotifyRefusedError(
            f"port {port} is not allowed; allowed are {', '.join(map(str, sorted(PORTS)))}"
        )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotifyError(f"the name of the host cannot be resolved ({error.strerror or error})") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise NotifyError("the name of the host has no address")
    if not is_named and not all(is_public(address) for address in addresses):
        raise NotifyRefusedError(
            "the host lies in this machine or a private network; where that is meant, name host:port "
            "under private_hosts in config/notifying.yaml"
        )
    return addresses[0]


def is_public(text: str) -> bool:
    """Tell whether an address is one of the open internet, seen through every disguise of IPv6."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address.teredo is not None:
            inner = address.teredo[1]
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    if address in _SPECIAL:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
