#!/usr/bin/env bash
# 离线安装、升级、退回 / installs, upgrades and rolls back without a network:
#   ./install.sh [--to DIR] [--python PATH]     第一次安装或升级 / install or upgrade
#   ./install.sh --roll-back [--to DIR]         退回上一个版本 / back to the version before
# DIR/releases/VERSION holds each version; DIR/current is the one in use, DIR/previous the one before. Data and
# configuration are elsewhere and are not touched.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
to=/opt/pvmon python= back=
while [ $# -gt 0 ]; do
    case $1 in
        --to) to=$2; shift 2 ;;
        --python) python=$2; shift 2 ;;
        --roll-back) back=1; shift ;;
        *) sed -n '2,6p' "$0"; exit 2 ;;
    esac
done
fail() { echo "未完成 / failed: $*" >&2; exit 1; }
point() { ln -sfn "$1" "$to/.$2" && mv -T "$to/.$2" "$to/$2"; }  # a rename: there is always one

if [ -n "$back" ]; then
    [ -L "$to/previous" ] || fail "$to 没有上一个版本 / has no version before this one"
    now=$(readlink "$to/current") before=$(readlink "$to/previous")
    point "$before" current && point "$now" previous
    echo "已退回 / back to $(basename "$before")。新版升级过的记录库旧版不认：用升级前的自动备份 / records upgraded meanwhile: use the automatic backup"
    exit 0
fi

cd "$here"
sha256sum --quiet --strict -c SHA256SUMS || fail "文件与校验和不符，重新拷贝 / files differ from their check sums, copy the archive again"
version=$(cat VERSION)
if [ -z "$python" ]; then
    if [ -x "$here/python/bin/python3" ]; then mkdir -p "$to" && rm -rf "$to/python" && cp -a "$here/python" "$to/python" && python=$to/python/bin/python3
    else python=$(command -v python3.11 || command -v python3 || true); fi
fi
[ -n "$python" ] || fail "没有 Python / there is no Python: name one with --python"
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || fail "$python 不是 Python 3.11 / is not Python 3.11, for which the wheels are"

release=$to/releases/$version
part=$to/releases/.$version.part
rm -rf "$part" && mkdir -p "$part"
cp -a app "$part/app"
[ -d fonts ] && cp -a fonts "$part/fonts"
"$python" -m venv "$part/venv" || fail "无法建立虚拟环境 / no virtual environment: install python3-venv from the system's own discs"
"$part/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links "$here/wheels" \
    --require-hashes --no-deps -r app/requirements-server.txt || fail "安装依赖 / dependencies"
site=$("$part/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$release/app" > "$site/pvmon_source.pth"
printf '#!/bin/sh\nexec "%s/venv/bin/python" -P -m main "$@"\n' "$release" > "$part/venv/bin/pvmon"
chmod +x "$part/venv/bin/pvmon"
(cd "$part/app" && PYTHONPATH=$part/app "$part/venv/bin/python" -m main --help > /dev/null) || fail "新版启动不了，旧版没有动 / the new version does not start, the old one stays"
rm -rf "$release" && mv -T "$part" "$release"
if [ -L "$to/current" ] && [ "$(readlink "$to/current")" != "releases/$version" ]; then point "$(readlink "$to/current")" previous; fi
point "releases/$version" current
echo "已安装 / installed: $to/current -> $version ($to/current/venv/bin/pvmon)"
