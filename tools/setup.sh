#!/usr/bin/env bash
# Sets up what the Makefile needs: `base` and `dev` fill .venv, `tools` installs the programs tests use.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv
python=${PYTHON:-python3}

say() { printf '%s\n' "$*"; }
may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
apt_refreshed=
apt_install() {
    if [ -z "$apt_refreshed" ]; then apt-get update -qq >/dev/null 2>&1 || true; apt_refreshed=1; fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

need_python() {
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        say "需要 Python 3.11 或更高版本 / Python 3.11 or newer is needed: '$python' is not. Try: make PYTHON=python3.12 $*"
        exit 1
    fi
}

make_venv() {
    [ -x "$venv/bin/python" ] && return
    if ! "$python" -m venv "$venv" 2>/dev/null || [ ! -x "$venv/bin/pip" ]; then
        rm -rf "$venv"
        if may_install; then apt_install python3-venv || true; fi
        "$python" -m venv "$venv" || {
            say "无法创建虚拟环境 / no virtual environment could be made. Install it with: sudo apt-get install python3-venv"
            exit 1
        }
    fi
}

install() { # requirements file, marker
    say "安装依赖 / installing dependencies ($1) ..."
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1" || {
        say "安装失败 / the installation failed: the lines above name the package. Run it again when the network is back."
        exit 1
    }
    link_source
    touch "$venv/$2"
}

link_source() { # a .pth and a launcher: the tree itself is the installed program
    local site
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    pwd > "$site/pvmon_source.pth"
    cat > "$venv/bin/pvmon" <<LAUNCH
#!$(pwd)/$venv/bin/python
import sys

from main.__main__ import main

sys.exit(main())
LAUNCH
    chmod +x "$venv/bin/pvmon"
}

quiet_service() {
    systemctl disable --now "$1" >/dev/null 2>&1 || service "$1" stop >/dev/null 2>&1 || true
}

tools() {
    local missing=()
    command -v mosquitto >/dev/null 2>&1 || [ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
    command -v chromium >/dev/null 2>&1 || missing+=(chromium)
    [ -n "$(fc-list 2>/dev/null | grep -i 'cjk\|wqy')" ] || missing+=(fontconfig fonts-noto-cjk)
    command -v mbpoll >/dev/null 2>&1 || missing+=(mbpoll)
    [ -e /usr/include/modbus/modbus.h ] || missing+=(libmodbus-dev)
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null 2>&1 || missing+=(postgresql)
    command -v victoria-metrics >/dev/null 2>&1 || missing+=(victoria-metrics)
    command -v influxd >/dev/null 2>&1 || missing+=(influxdb)
    command -v cc >/dev/null 2>&1 || missing+=(gcc libc6-dev)
    command -v pkg-config >/dev/null 2>&1 || missing+=(pkg-config)
    [ ${#missing[@]} -eq 0 ] && return
    if may_install; then
        say "安装测试工具 / installing test tools: ${missing[*]}"
        apt_install "${missing[@]}" || say "some could not be installed; their tests are skipped"
        for service in mosquitto influxdb postgresql victoria-metrics; do # tests start their own; one that was here before is left alone
            case " ${missing[*]} " in *" $service "*) quiet_service "$service" ;; esac
        done
    else
        say "测试工具缺失 / test tools missing, their tests are skipped. Install: sudo apt-get install ${missing[*]}"
    fi
}

case ${1:-} in
    base) need_python run; make_venv; install requirements.txt .base ;;
    dev) need_python test; make_venv; install requirements-dev.txt .dev ;;
    tools) tools ;;
    *) say "usage: tools/setup.sh base|dev|tools"; exit 2 ;;
esac
