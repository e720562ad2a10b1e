"""The printed journal: a plain page a printer takes, with page totals carried forward (承前页, 本页合计)."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, render_template_string, request

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.pages.base import Site
from dashboard.pages.money.parts import queries_of, yuan
from domain.ledger import Voucher
from texts.loader import Texts

LINES_A_PAGE = 26
_PAGE = """<!doctype html><html lang="{{ lang }}"><head><meta charset="utf-8"><title>{{ title }}</title>
<style>body { font: 12px/1.5 "WenQuanYi Micro Hei", "Microsoft YaHei", sans-serif; margin: 12mm; color: #000; }
h1 { font-size: 16px; text-align: center; margin: 0; } p { margin: 2px 0 6px; display: flex; justify-content: space-between; }
table { width: 100%; border-collapse: collapse; } th, td { border: 1px solid #444; padding: 2px 5px; text-align: left; }
.n { text-align: right; white-space: nowrap; } .sum td { font-weight: bold; }
section { break-after: page; } section:last-child { break-after: auto; }</style></head><body>
{% for page in pages %}<section><h1>{{ title }}</h1>
<p><span>{{ village }} · {{ month }}</span><span>{{ words("revenue.page.yuan") }}</span>
<span>{{ words("revenue.page.page_number", number=loop.index, count=pages|length) }}</span></p>
<table><tr>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr>
{% if not loop.first %}<tr class="sum"><td colspan="4">{{ words("revenue.page.carried") }}</td>
<td class="n">{{ page.before[0] }}</td><td class="n">{{ page.before[1] }}</td></tr>{% endif %}
{% for line in page.lines %}<tr>{% for cell in line[:4] %}<td>{{ cell }}</td>{% endfor %}
<td class="n">{{ line[4] }}</td><td class="n">{{ line[5] }}</td></tr>{% endfor %}
<tr class="sum"><td colspan="4">{{ words("revenue.page.page_total") }}</td>
<td class="n">{{ page.own[0] }}</td><td class="n">{{ page.own[1] }}</td></tr>
<tr class="sum"><td colspan="4">{{ words("revenue.page.running_total") }}</td>
<td class="n">{{ page.after[0] }}</td><td class="n">{{ page.after[1] }}</td></tr></table></section>{% endfor %}
<p><span>{{ words("revenue.page.seal") }} {{ seal }}</span></p></body></html>"""


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """One sheet: its lines, what came before, its own sums, what goes on. Amounts as text, debit and credit."""

    lines: tuple[tuple[str, ...], ...]
    before: tuple[str, str]
    own: tuple[str, str]
    after: tuple[str, str]


def printed_pages(vouchers: list[Voucher], texts: Texts) -> list[PrintedPage]:
    """Return the journal cut into sheets with their totals."""
    lines = [
        (voucher, number, posting)
        for voucher in vouchers
        for number, posting in enumerate(voucher.entry.postings)
    ]
    found, debit, credit = [], 0, 0
    for start in range(0, max(1, len(lines)), LINES_A_PAGE):
        part = lines[start : start + LINES_A_PAGE]
        own_debit = sum(p.fen for _, _, p in part if p.fen > 0)
        own_credit = -sum(p.fen for _, _, p in part if p.fen < 0)
        before = (yuan(debit), yuan(credit))
        debit, credit = debit + own_debit, credit + own_credit
        found.append(
            PrintedPage(
                tuple(_line(voucher, number, posting, texts) for voucher, number, posting in part),
                before,
                (yuan(own_debit), yuan(own_credit)),
                (yuan(debit), yuan(credit)),
            )
        )
    return found


def _line(voucher: Voucher, number: int, posting: Any, texts: Texts) -> tuple[str, ...]:
    first = number == 0
    return (
        voucher.entry.booked_on.isoformat() if first else "",
        str(voucher.number) if first else "",
        voucher.entry.summary if first else "",
        f"{posting.account} {texts(f'ledger.account.{posting.account}')}",
        yuan(posting.fen) if posting.fen > 0 else "",
        yuan(-posting.fen) if posting.fen < 0 else "",
    )


def register(server: Flask, site: Site) -> None:
    """Register the printed journal."""

    def show(principal: Principal) -> Response:
        texts, queries = site.words(principal), queries_of(site)
        village, month = request.args.get("village", "")[:12], request.args.get("month", "")[:7]
        page = queries.journal(principal, village, month, month)
        labels = dict(queries.villages(principal))
        heads = [
            texts(f"revenue.page.{key}")
            for key in ("day", "voucher", "summary", "account", "debit", "credit")
        ]
        vouchers = list(page.vouchers)
        html = render_template_string(
            _PAGE,
            lang="zh-CN" if texts.language == "zh" else "en",
            title=texts("revenue.page.journal"),
            village=labels[village],
            month=month,
            heads=heads,
            pages=printed_pages(vouchers, texts),
            words=texts,
            seal=vouchers[-1].hash[:8] if vouchers else "",
        )
        return Response(html, mimetype="text/html")

    allowed = guard.page(Permission.VIEW_INCOME)
    server.add_url_rule(f"{site.prefix}ledger/print", "ledger_print", allowed(show), methods=["GET"])
