"""Pictures of the real pages, for README and for looking at one's work.

usage: .venv/bin/python tools/screenshots.py http://127.0.0.1:8050 USER PASSWORD OUT [PATH ...]

Logs in with the system's Chromium and saves each page in Chinese and English, at desktop and phone width.
Prints every console error and every request that left the host: there must be none.
"""

import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DEFAULT_PATHS = ["/app/", "/app/plants", "/app/plants/sz001", "/app/data"]


def _watch(page: Page, host: str) -> None:
    page.on("console", lambda said: print("console", said.type, said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: print("page error", error))
    page.on(
        "request",
        lambda request: (
            print("left the host:", request.url)
            if urlsplit(request.url).scheme.startswith("http") and urlsplit(request.url).netloc != host
            else None
        ),
    )


def _login(page: Page, base: str, user: str, password: str) -> None:
    page.goto(base + "/login")
    page.fill("input[name=user]", user)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/app/**", timeout=15_000)


def _picture(
    browser: Browser, base: str, login: tuple[str, str], size: str, language: str, out: Path, paths: list[str]
) -> None:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="zh-CN", device_scale_factor=1
    )
    page = context.new_page()
    _watch(page, urlsplit(base).netloc)
    _login(page, base, *login)
    for path in paths:
        joiner = "&" if "?" in path else "?"
        page.goto(f"{base}{path}{joiner}lang={language}")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1500)
        name = path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-") or "landing"
        page.screenshot(path=out / f"{name}.{language}.{size}.png")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            print(f"{path} {language} {size}: scrolls sideways by {wide} px")
    context.close()


def main() -> None:
    """Take every picture."""
    base, user, password, folder, *paths = sys.argv[1:]
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for size in SIZES:
            for language in ("zh", "en"):
                _picture(
                    browser, base.rstrip("/"), (user, password), size, language, out, paths or DEFAULT_PATHS
                )
        browser.close()


if __name__ == "__main__":
    main()
