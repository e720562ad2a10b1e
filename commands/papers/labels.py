"""QR codes for paper labels, as SVG that stands in a page by itself."""

import segno

_BORDER = 2  # modules of white around; label printers leave more


def qr_svg(words: str, width_mm: float) -> str:
    """Return ``words`` as an inline SVG of ``width_mm``, readable with a quarter of it scratched."""
    code = segno.make(words, error="q", micro=False)
    modules = code.symbol_size(border=_BORDER)[0]
    return str(code.svg_inline(scale=width_mm / modules, border=_BORDER, unit="mm", omitsize=False))
