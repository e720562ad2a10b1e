"""What a Mosquitto of the district is told: its doors, who may say what, and a folder to carry to each gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.clock import Clock
from domain.errors import ConfigurationError
from domain.plant import Plant, Registry, WireProtocol
from main.tls.certificates import Authority, end_of

COLLECTOR = "collector"
_CONF = """\
# Written by `pvmon broker config`; run it again instead of editing.
# One door: TLS, a client certificate of the district's own authority, whose name is the user and the client id.
per_listener_settings true

listener {port} {bind}
cafile {at}/ca.crt
certfile {at}/server.crt
keyfile {at}/server.key
crlfile {at}/taken_back.crl
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {at}/acl

# messages wait for the collector while it is away
persistence true
persistence_location {data}/
autosave_interval 60
max_queued_messages 100000
max_inflight_messages 100
message_size_limit 65536
persistent_client_expiration 30d

log_dest stdout
log_type error
log_type warning
log_type notice
connection_messages true
"""
_README = """\
{plant} -> {broker}:{port}  (MQTT over TLS 1.2, QoS 1, {end})
  CA        ca.crt
  cert/key  {plant}.crt  {plant}.key
  topic     pv/{plant}/<device>/data
"""
_EDGE_README = """\
{plant} -> {broker}:{port}  (pvmon edge, MQTT over TLS 1.2, {end})
  /etc/pvmon/broker/  ca.crt {plant}.crt {plant}.key
  /etc/pvmon/pvmon.env  pvmon.env
  pvmon --config /etc/pvmon/config --data /var/lib/pvmon service install --edge {plant}
  topics    pv/{plant}/<source>/rows|account|alive  ->  ack/{plant}/<source>
"""
_EDGE_SETTINGS = """\
PVMON_EDGE_PLANT={plant}
PVMON_MQTT_URL=mqtts://{broker}:{port}
PVMON_MQTT_CA_FILE=/etc/pvmon/broker/ca.crt
PVMON_MQTT_CERTIFICATE_FILE=/etc/pvmon/broker/{plant}.crt
PVMON_MQTT_KEY_FILE=/etc/pvmon/broker/{plant}.key
"""


@dataclass(frozen=True)
class Door:
    """Where the broker listens, under which names it is reached, and where it will find its files."""

    addresses: Sequence[str]
    port: int = 8883
    bind: str = "0.0.0.0"  # noqa: S104 (the door for gateways; nothing passes without a certificate)
    at: str = ""
    data: str = "/var/lib/mosquitto"


def publishing_plants(registry: Registry) -> list[Plant]:
    """Return the plants of which a gateway publishes, or a collector of ours in the village sends on."""
    return [p for p in registry.plants if any(g.protocol is WireProtocol.MQTT or g.edge for g in p.gateways)]


def acl_of(plant_ids: Sequence[str]) -> str:
    """Return who may say and hear what: a plant its own, the collector hears all and says only what it has safe."""
    lines = [f"user {COLLECTOR}", "topic read pv/#", "topic write ack/#"]
    for plant_id in plant_ids:
        lines += ["", f"user {plant_id}", f"topic write pv/{plant_id}/#", f"topic read ack/{plant_id}/#"]
    return "\n".join(lines) + "\n"


def write_files(
    registry: Registry, door: Door, out: Path, clock: Clock, taken_back: Sequence[str] = ()
) -> list[str]:
    """Write everything into ``out``; certificates that are good for long stay. Returns whose were made.

    Raises
    ------
    ConfigurationError
        A plant that is named publishes nothing, or the authority cannot be read.
    """
    plants = [plant.plant_id for plant in publishing_plants(registry)]
    unknown = sorted(set(taken_back) - set(plants))
    if unknown:
        raise ConfigurationError(f"{', '.join(unknown)}: no plant of this name publishes over MQTT")
    authority = Authority(out / "authority", clock)
    broker = out / "broker"
    gateways = out / "gateways"
    for plant_id in taken_back:
        authority.take_back(gateways / plant_id / f"{plant_id}.crt")
    made = [authority.server("server", door.addresses, broker)]
    made.append(authority.client(COLLECTOR, out / COLLECTOR))
    _share_authority(authority, broker, out / COLLECTOR)
    for plant_id in plants:
        given = authority.client(plant_id, gateways / plant_id)
        _share_authority(authority, gateways / plant_id)
        about = {"plant": plant_id, "broker": door.addresses[0], "port": door.port}
        is_edge = any(gateway.edge for gateway in registry.plants_by_id[plant_id].gateways)
        (gateways / plant_id / "README.txt").write_text(
            (_EDGE_README if is_edge else _README).format(
                **about, end=f"{end_of(given.certificate):%Y-%m-%d}"
            ),
            "utf-8",
        )
        if is_edge:
            (gateways / plant_id / "pvmon.env").write_text(_EDGE_SETTINGS.format(**about), "utf-8")
        made.append(given)
    authority.write_list(broker / "taken_back.crl")
    (broker / "acl").write_text(acl_of(plants), "utf-8")
    (broker / "acl").chmod(0o600)
    at = door.at or str(broker.absolute())
    conf = _CONF.format(port=door.port, bind=door.bind, at=at, data=door.data)
    (broker / "mosquitto.conf").write_text(conf, "utf-8")
    return [given.certificate.stem for given in made if given.made]


def _share_authority(authority: Authority, *folders: Path) -> None:
    for folder in folders:
        (folder / "ca.crt").write_bytes(authority.certificate_file.read_bytes())
