"""A QR code as a drawing inside a page: no file, no script."""

import segno


def qr_svg(words: str, label: str, size: int = 132) -> str:
    """Return a QR code as SVG text, ``size`` pixels wide, named for who cannot see it."""
    code = segno.make(words, error="m")
    return str(
        code.svg_inline(
            scale=1,
            border=2,
            omitsize=True,
            svgclass="qr",
            lineclass="",
            title=label,
            dark="#000",
            light="#fff",
        )
    ).replace("<svg", f'<svg role="img" width="{size}" height="{size}"', 1)
