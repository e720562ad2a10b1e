"""The public notice on A4, and as a page: the same record, names on paper as decided, masked on every page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from html import escape

from commands.papers.font import refuse_lacking
from commands.papers.paper import HEIGHT, MARGIN, WIDTH, Paper
from commands.papers.read_back import page_texts
from domain.document import Document as SharedDocument
from domain.document import SeenTable
from domain.money import Money
from domain.roster import masked_name
from revenue.notice import Notice, NoticeKind, spoken, totals_in_text
from revenue.refusal import refuse
from revenue.rule import LineClass
from texts.loader import Texts


@dataclass(frozen=True, slots=True)
class StatementRow:
    """What the statements of a plant and month came to. ``kwh`` is the whole plant's, ``fen`` the village's."""

    plant: str
    month: str
    kwh: Decimal | None
    fen: int


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What a sheet shows beside the notice itself. ``names`` are whole; who prints decides what is shown."""

    village: str
    names: Mapping[str, str]
    contact: str = ""
    deductions: tuple[tuple[str, int], ...] = ()
    plants: tuple[str, ...] = ()
    statements: tuple[StatementRow, ...] = ()
    base_fen: int = 0
    subsidy_fen: int = 0


def heading_of(notice: Notice, texts: Texts) -> str:
    """Return the title of a notice."""
    if notice.kind is NoticeKind.CORRECTION:
        return texts("papers.notice.correction", number=notice.number, corrects=notice.corrects)
    return texts(f"papers.notice.{notice.kind.value}", number=notice.number)


def shown_name(notice: Notice, name: str, *, on_paper: bool) -> str:
    """Return a name as it may be shown."""
    return name if on_paper and notice.named else masked_name(name)


def qr_words(notice: Notice) -> str:
    """Return what the QR code of a notice holds: the code and the whole hash it is taken from."""
    return f"PVMON {notice.code} {notice.head} {notice.sequence}"


def sheet(notice: Notice, facts: NoticeFacts, texts: Texts) -> bytes:
    """Return the notice as PDF.

    Raises
    ------
    RefusedError
        A name has characters the font cannot print, or the totals read back from the file are not those of the
        notice; nothing is made.
    """
    return sheets([(notice, facts)], texts)


def sheets(notices: Sequence[tuple[Notice, NoticeFacts]], texts: Texts) -> bytes:
    """Return notices as one PDF, each beginning on a page of its own; refused like `sheet`."""
    shown = [_shown(notice, facts) for notice, facts in notices]
    refuse_lacking(
        (row.household_id, names[row.person_id])
        for (notice, _), names in zip(notices, shown, strict=True)
        for row in notice.rows
    )
    first, facts_first = notices[0]
    paper = Paper(heading_of(first, texts), _footer(first, facts_first))
    begins = []
    for place, ((notice, facts), names) in enumerate(zip(notices, shown, strict=True)):
        if place:
            paper.part(_footer(notice, facts))
        begins.append(paper.pages)
        _draw(paper, notice, facts, names, texts)
    content = paper.content()
    _read_back(content, [notice for notice, _ in notices], begins, texts)
    return content


def _shown(notice: Notice, facts: NoticeFacts) -> dict[str, str]:
    return {
        row.person_id: shown_name(notice, facts.names.get(row.person_id, ""), on_paper=True)
        for row in notice.rows
    }


def _footer(notice: Notice, facts: NoticeFacts) -> str:
    return f"{facts.village} · {notice.plan_id} · {notice.code}"


def _read_back(content: bytes, notices: Sequence[Notice], begins: Sequence[int], texts: Texts) -> None:
    """Read the totals out of the file that was made; what differs from the books never leaves."""
    pages = page_texts(content)
    labels = {kind.value: texts(f"papers.class.{kind.value}") for kind in LineClass}
    for notice, begin, end in zip(notices, begins, [*begins[1:], len(pages) + 1], strict=True):
        read = totals_in_text("\n".join(pages[begin - 1 : end - 1]), labels)
        if read != {total.kind.value: total.fen for total in notice.totals}:
            raise refuse("amount_label")


def _draw(paper: Paper, notice: Notice, facts: NoticeFacts, shown: Mapping[str, str], texts: Texts) -> None:
    paper.qr(qr_words(notice), WIDTH - MARGIN - 72, HEIGHT - MARGIN - 72)
    paper.title(f"{facts.village} {heading_of(notice, texts)}", 15, beside=84)
    for words in _intro(notice, facts, texts):
        paper.line(words)
    paper.gap()
    _tables(paper, notice, shown, texts)
    for change in notice.changes:
        paper.line(texts("papers.notice.change", label=change.label, old=change.old, new=change.new))
    for words in _closing(notice, facts, texts):
        paper.line(words)
    paper.signatures(
        [texts("papers.sign.village"), texts("papers.sign.supervisors"), texts("papers.sign.date")]
    )


def _tables(paper: Paper, notice: Notice, shown: Mapping[str, str], texts: Texts) -> None:
    """Write the classes, then the persons."""
    paper.table(
        [texts("papers.notice.class"), texts("papers.notice.persons"), texts("papers.notice.amount")],
        [250, 100, 149],
        [
            *(
                [
                    texts(f"papers.class.{t.kind.value}"),
                    str(t.persons) if t.persons else "",
                    str(Money(t.fen)),
                ]
                for t in notice.totals
            ),
            [texts("papers.notice.total"), "", str(Money(notice.total_fen))],
        ],
        " nn",
    )
    if notice.rows:
        paper.table(
            [
                texts(f"papers.notice.{name}")
                for name in ("household", "name", "group", "purpose", "days", "amount")
            ],
            [80, 90, 70, 120, 50, 89],
            [
                [
                    row.household_id,
                    shown[row.person_id],
                    row.group,
                    row.purpose,
                    "" if row.days is None else str(row.days),
                    str(Money(row.fen)),
                ]
                for row in notice.rows
            ],
            "    nn",
        )


def _intro(notice: Notice, facts: NoticeFacts, texts: Texts) -> list[str]:
    months = f"{notice.first_month:%Y-%m} – {notice.last_month:%Y-%m}"
    lines = [texts("papers.notice.intro", months=months, plan=notice.plan_id)]
    if facts.plants:
        lines.append(texts("papers.notice.plants", plants="、".join(facts.plants)))
    lines += [
        texts(
            "papers.notice.statement",
            plant=one.plant,
            month=one.month,
            kwh="—" if one.kwh is None else f"{one.kwh:,f}",
            fen=Money(one.fen),
        )
        for one in facts.statements
    ]
    lines.append(texts("papers.notice.gross", fen=Money(notice.gross_fen)))
    if facts.base_fen or facts.subsidy_fen:
        parts = {"base": Money(facts.base_fen), "subsidy": Money(facts.subsidy_fen)}
        lines.append(texts("papers.notice.parts", **parts))
    lines += [texts("papers.notice.deduction", name=name, fen=Money(fen)) for name, fen in facts.deductions]
    lines.append(texts("papers.notice.net", net=Money(notice.net_fen), available=Money(notice.available_fen)))
    if notice.kind is NoticeKind.RESULT:
        lines.append(texts("papers.notice.paid", paid=Money(notice.paid_fen), open=Money(notice.open_fen)))
        if notice.lapsed_fen:
            lines.append(texts("papers.notice.lapsed", fen=Money(notice.lapsed_fen)))
    if notice.reason:
        lines.append(texts("papers.notice.reason", reason=notice.reason))
    return lines


def _closing(notice: Notice, facts: NoticeFacts, texts: Texts) -> list[str]:
    return [
        texts("papers.notice.period", starts=notice.starts, ends=notice.ends),
        texts("papers.notice.objections", contact=facts.contact or texts("papers.notice.no_contact")),
        texts("papers.notice.code", code=notice.code, sequence=notice.sequence),
    ]


_NUMBER = ' class="n"'
_STYLE = """body{font:16px/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:1rem auto;
max-width:48rem;padding:0 1rem;color:#17324d;background:#fff}h1{font-size:1.35rem}table{border-collapse:collapse;
width:100%;margin:.8rem 0}th,td{border-bottom:1px solid #c7d3dd;padding:.35rem .5rem;text-align:left}
.n{text-align:right;font-variant-numeric:tabular-nums}@media print{body{margin:0;max-width:none;font-size:11pt}}"""


def page(notice: Notice, facts: NoticeFacts, texts: Texts) -> str:
    """Return the notice as a page that needs no script; names are masked whatever the paper shows."""
    title = escape(f"{facts.village} {heading_of(notice, texts)}")
    language = "zh-CN" if texts.language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1>{article(notice, facts, texts)}</body></html>"
    )


def article(notice: Notice, facts: NoticeFacts, texts: Texts, *, persons: bool = True) -> str:
    """Return what stands below the title of a notice's page; without ``persons`` the classes only."""
    rows = "".join(
        f"<tr><td>{escape(row.household_id)}</td>"
        f"<td>{escape(shown_name(notice, facts.names.get(row.person_id, ''), on_paper=False))}</td>"
        f"<td>{escape(row.group)}</td><td>{escape(row.purpose)}</td>"
        f'<td class="n">{"" if row.days is None else row.days}</td><td class="n">{Money(row.fen)}</td></tr>'
        for row in (notice.rows if persons else ())
    )
    totals = "".join(
        f"<tr><td>{escape(texts(f'papers.class.{t.kind.value}'))}</td>"
        f'<td class="n">{t.persons or ""}</td><td class="n" data-total="{t.kind.value}">{Money(t.fen)}</td></tr>'
        for t in notice.totals
    )
    heads = "".join(
        f"<th{_NUMBER if name in {'days', 'amount'} else ''}>{escape(texts(f'papers.notice.{name}'))}</th>"
        for name in ("household", "name", "group", "purpose", "days", "amount")
    )
    changes = "".join(
        f"<p>{escape(texts('papers.notice.change', label=c.label, old=c.old, new=c.new))}</p>"
        for c in notice.changes
    )
    said = "".join(f"<p>{escape(words)}</p>" for words in _intro(notice, facts, texts))
    closing = "".join(f"<p>{escape(words)}</p>" for words in _closing(notice, facts, texts))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
    return (
        f"{said}<table><thead><tr><th>{escape(texts('papers.notice.class'))}</th>"
        f"<th{_NUMBER}>{escape(texts('papers.notice.persons'))}</th>"
        f"<th{_NUMBER}>{escape(texts('papers.notice.amount'))}</th></tr></thead><tbody>{totals}</tbody></table>"
        f"{table}{changes}{closing}"
    )


def classes(notice: Notice, facts: NoticeFacts, texts: Texts) -> SharedDocument:
    """Return the notice by its classes, to be passed on: no person, and no telephone of anybody."""
    bare = replace(facts, names={}, contact="")
    heads = tuple(texts(f"papers.notice.{name}") for name in ("class", "persons", "amount"))

    def row(name: str, persons: int, fen: int) -> tuple[str, Decimal | None, Decimal]:
        return name, Decimal(persons) if persons else None, Decimal(fen).scaleb(-2)

    rows = [row(texts(f"papers.class.{one.kind.value}"), one.persons, one.fen) for one in notice.totals]
    rows.append(row(texts("papers.notice.total"), 0, notice.total_fen))
    lines = (*_intro(notice, bare, texts), *_closing(notice, bare, texts), texts("share.notice_more"))
    table = SeenTable(texts("papers.notice.class"), heads, tuple(rows))
    return SharedDocument(f"{facts.village} {heading_of(notice, texts)}", lines, (table,), notice.code)


def broadcast(notice: Notice, village: str, texts: Texts) -> str:
    """Return a text of about a minute for the village loudspeaker: totals only, nobody's name."""
    words = {kind: texts(f"papers.class.{kind.value}") for kind in LineClass}
    months = f"{notice.first_month:%Y-%m} – {notice.last_month:%Y-%m}"
    return texts(
        "papers.broadcast",
        village=village,
        months=months,
        net=Money(notice.available_fen),
        classes=spoken(notice.totals, words),
        starts=notice.starts,
        ends=notice.ends,
        code=notice.code,
    )
