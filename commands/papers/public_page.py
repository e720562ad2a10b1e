"""Public notices as whole pages of plain HTML: readable on any phone and any printer, no script, no login.

The same text is answered by the server and written as files for any web host.
"""

from collections.abc import Sequence
from html import escape

from commands.papers.notice_sheet import NoticeFacts, article, heading_of
from commands.papers.qr import qr_svg
from revenue.notice import Notice
from texts.loader import Texts

_STYLE = """body{font:17px/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:0 auto;
max-width:50rem;padding:1rem;color:#17324d;background:#fff}h1{font-size:1.4rem;margin:.2rem 0 .6rem}
h2{font-size:1.15rem;margin:1.6rem 0 .4rem;border-top:2px solid #17324d;padding-top:.6rem}p{margin:.3rem 0}
a{color:#1864ab}nav a{display:inline-block;padding:.55rem .9rem .55rem 0}ul{list-style:none;margin:0;padding:0}
li a{display:block;padding:.6rem 0;border-bottom:1px solid #c7d3dd}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.8rem 0}th,td{border-bottom:1px solid #c7d3dd;padding:.35rem .5rem;
text-align:left;vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.qr{float:right;margin:0 0 .5rem 1rem;background:#fff}.hash{font-family:ui-monospace,monospace;letter-spacing:.05em;
overflow-wrap:anywhere}.note{color:#51677d;font-size:.95rem}.sample{border:2px solid #8a4b00;padding:.4rem .7rem;color:#8a4b00}
@media print{nav{display:none}body{padding:0;max-width:none;font-size:11pt}h2{break-before:auto}tr{break-inside:avoid}
a{color:#000;text-decoration:none}@page{size:A4;margin:14mm}}
@media(max-width:640px){body{padding:.7rem}.fold td,.fold th{padding:.3rem .25rem;font-size:.93rem}}"""


def _document(title: str, body: str, texts: Texts, *, sample: bool) -> str:
    language = "zh-CN" if texts.language == "zh" else "en"
    mark = f'<p class="sample">{escape(texts("public.sample"))}</p>' if sample else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style></head><body><main>{mark}{body}</main></body></html>"
    )


def _links(items: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f'<li><a href="{escape(href)}">{escape(label)}</a></li>' for href, label in items)
    return f"<ul>{rows}</ul>"


def home_page(towns: Sequence[tuple[str, Sequence[tuple[str, str]]]], texts: Texts, *, sample: bool) -> str:
    """Return the list of villages with notices, by town."""
    title = texts("public.title")
    parts = [f"<h2>{escape(town)}</h2>{_links(villages)}" for town, villages in towns]
    body = "".join(parts) or f"<p>{escape(texts('public.none'))}</p>"
    return _document(title, f"<h1>{escape(title)}</h1>{body}", texts, sample=sample)


def village_page(
    village: str, periods: Sequence[tuple[str, str]], home: str, texts: Texts, *, sample: bool
) -> str:
    """Return the list of a village's periods, newest first."""
    title = f"{village} {texts('public.title')}"
    back = f'<nav><a href="{escape(home)}">{escape(texts("public.villages"))}</a></nav>'
    return _document(title, f"{back}<h1>{escape(title)}</h1>{_links(periods)}", texts, sample=sample)


def period_page(
    notices: Sequence[tuple[Notice, NoticeFacts, bool]],
    address: str,
    links: Sequence[tuple[str, str]],
    texts: Texts,
    *,
    sample: bool,
) -> str:
    """Return every notice of a village and period, newest first.

    Parameters
    ----------
    notices : sequence of notice, facts and whether its persons are still shown
    address : str
        What the QR code opens; empty: no host is configured and there is none.
    links : sequence of address and words
        The way back.
    """
    first, facts, _ = notices[0]
    months = f"{first.first_month:%Y-%m} – {first.last_month:%Y-%m}"
    title = f"{facts.village} {months} {texts('public.title')}"
    nav = "".join(f'<a href="{escape(href)}">{escape(label)}</a>' for href, label in links)
    code = qr_svg(address, texts("public.qr")) if address else ""
    parts = [f"<nav>{nav}</nav>{code}<h1>{escape(title)}</h1>"]
    for notice, told, persons in notices:
        parts += [f"<h2>{escape(heading_of(notice, texts))}</h2>"]
        parts += [f'<div class="fold wide">{article(notice, told, texts, persons=persons)}</div>']
        if notice.rows and not persons:
            parts += [f'<p class="note">{escape(texts("public.persons_gone"))}</p>']
        parts += [f'<p class="note">{escape(texts("public.hash", sequence=notice.sequence))}</p>']
        parts += [f'<p class="hash">{escape(groups(notice.head))}</p>']
    parts += [f'<p class="note">{escape(texts("public.masked"))}</p>']
    return _document(title, "".join(parts), texts, sample=sample)


def groups(head: str) -> str:
    """Return a whole hash in groups of four, so that two people can compare it aloud."""
    return " ".join(head[place : place + 4] for place in range(0, len(head), 4)).upper()
