"""The systemd units `pvmon service install` writes: one for one process, three for a server's roles, one for a village."""

from dataclasses import dataclass
from pathlib import Path

ROLES = ("collect", "work", "serve")
_UNIT = """\
[Unit]
Description=pvmon {role}
After=network-online.target time-sync.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=simple
User={user}
EnvironmentFile=-{settings}
ExecStart={program} --config {config} --data {data} {words}
Restart=on-failure
RestartSec=10
TimeoutStopSec=30
{watch}UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices={private_devices}
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
LockPersonality=yes
CapabilityBoundingSet=
ReadWritePaths={data}

[Install]
WantedBy=multi-user.target
"""
_WATCH = """\
NotifyAccess=main
WatchdogSec=300
"""
_SETTINGS = """\
# Settings of pvmon, one PVMON_NAME=value a line; all of them are in docs/settings.md. Secrets are files (PVMON_..._FILE).
PVMON_LANG=zh
"""


@dataclass(frozen=True)
class Site:
    """Where things are on the machine the units are for."""

    program: Path
    config: Path
    data: Path
    settings: Path
    user: str = "pvmon"
    edge: str = ""  # the plant this machine polls for the centre


def units(site: Site, *, server: bool) -> dict[str, str]:
    """Return the units by file name. Serial lines need devices, so only what never polls is kept from them."""
    roles = ("edge",) if site.edge else ROLES if server else ("run",)
    return {
        ("pvmon.service" if role == "run" else f"pvmon-{role}.service"): _UNIT.format(
            role=role,
            words=f"edge --plant {site.edge}" if role == "edge" else role,
            watch=_WATCH if role == "edge" else "",
            private_devices="no" if role in {"run", "collect", "edge"} else "yes",
            user=site.user,
            program=site.program,
            config=site.config,
            data=site.data if role in {"run", "edge"} else site.data / role,
            settings=site.settings,
        )
        for role in roles
    }


def install(site: Site, root: Path, *, server: bool) -> list[Path]:
    """Write the units below ``root``, and a settings file where there is none; return what was written."""
    folder = root / "etc/systemd/system"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in units(site, server=server).items():
        (folder / name).write_text(text, "utf-8")
        written.append(folder / name)
    settings = root / site.settings.relative_to("/")
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(_SETTINGS, "utf-8")
        settings.chmod(0o640)
        written.append(settings)
    return written
