#!/usr/bin/env bash
# Builds build/pvmon-VERSION-ARCH.tar.gz: program, hashed wheels, fonts, install.sh and check sums, for machines without
# a network. ARCH is x86_64 or aarch64. PYTHON_ARCHIVE names an archive of a Python to put in beside it (a folder
# python/ with bin/python3); without it the target needs Python 3.11 of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=${1:-$(uname -m)}
case $arch in
    x86_64) platforms=(manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux_2_24_x86_64 manylinux_2_17_x86_64 manylinux2014_x86_64 manylinux_2_12_x86_64 manylinux2010_x86_64 manylinux_2_5_x86_64 manylinux1_x86_64 linux_x86_64) ;;
    aarch64) platforms=(manylinux_2_28_aarch64 manylinux_2_27_aarch64 manylinux_2_26_aarch64 manylinux_2_24_aarch64 manylinux_2_17_aarch64 manylinux2014_aarch64 linux_aarch64) ;;
    *) echo "架构只能是 x86_64 或 aarch64 / the architecture is x86_64 or aarch64, not '$arch'"; exit 2 ;;
esac
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml | head -1)
name=pvmon-$version-$arch
stage=build/$name
rm -rf "$stage" && mkdir -p "$stage/app" "$stage/wheels" "$stage/fonts"

folders=$(sed -n 's/^!\([a-z]*\)$/\1/p' .dockerignore)
git ls-files -z -- $folders docker docs LICENSE README.md README.en.md docker-compose.yml .env.example requirements-server.txt \
    | xargs -0 cp --parents -t "$stage/app"
echo "$version" > "$stage/VERSION"
cp tools/bundle/install.sh "$stage/install.sh" && chmod +x "$stage/install.sh"

options=()
for platform in "${platforms[@]}"; do options+=(--platform "$platform"); done
.venv/bin/python -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-deps \
    --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none "${options[@]}" \
    -r requirements-server.txt -d "$stage/wheels"

for font in /usr/share/fonts/truetype/wqy/wqy-microhei.ttc; do
    [ -e "$font" ] && cp "$font" "$stage/fonts/" || echo "没有 $font，包里不带字体 / no font to put in: apt-get install fonts-wqy-microhei"
done
if [ -n "${PYTHON_ARCHIVE:-}" ]; then mkdir -p "$stage/python" && tar -xf "$PYTHON_ARCHIVE" -C "$stage/python" --strip-components=1; fi

(cd "$stage" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum > SHA256SUMS)
tar -C build --sort=name --owner=0 --group=0 --numeric-owner -czf "build/$name.tar.gz" "$name"
(cd build && sha256sum "$name.tar.gz" > "$name.tar.gz.sha256")
echo "build/$name.tar.gz: $(find "$stage/wheels" -name '*.whl' | wc -l) wheels, $(du -m "build/$name.tar.gz" | cut -f1) MB"
