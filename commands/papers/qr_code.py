"""A QR code as SVG, for pages that people scan from the screen."""

import io

import segno


def qr_svg(text: str, scale: int = 4) -> str:
    """Return ``text`` as an SVG image with a quiet border."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", scale=scale, border=4, xmldecl=False, light="#fff")
    return out.getvalue().decode()
