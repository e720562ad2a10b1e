"""The papers of the steps, ready filled: minutes, sign-in sheet, review and filing form, attendance sheet, plan."""

from collections.abc import Sequence

from commands.papers.font import refuse_lacking
from commands.papers.paper import HEIGHT, MARGIN, WIDTH, Paper
from commands.papers.statement import months_text
from domain.money import Money
from revenue.approval import MEETINGS, Meeting, Step
from revenue.plan import Plan, PlanLine
from revenue.rule import RuleVersion, Verdict
from texts.loader import Texts

SIGN_IN_ROWS = 30


def step_paper(
    plan: Plan,
    rule: RuleVersion,
    verdict: Verdict,
    step: Step,
    village: str,
    texts: Texts,
    *,
    meeting: Meeting | None = None,
    upload: str = "",
) -> bytes:
    """Return the paper of a step; ``upload`` is the address its QR code opens for the photo of the signed sheet."""
    title = texts(f"papers.step.{step.value}")
    paper = Paper(title, f"{village} · {plan.plan_id} · v{plan.version}")
    if upload:
        paper.qr(upload, WIDTH - MARGIN - 72, HEIGHT - MARGIN - 72)
        paper.text(WIDTH - MARGIN, HEIGHT - MARGIN - 84, texts("papers.step.upload"), 7.5, "right")
    paper.title(title)
    paper.gap(46)
    paper.line(texts("papers.step.number"))
    months = months_text(plan)
    paper.line(texts("papers.step.subject", village=village, months=months, version=plan.version))
    plan_table(paper, plan, texts)
    name = rule.name_en if texts.language == "en" else rule.name_zh
    shares = {"gross": _percent(verdict.of_gross), "net": _percent(verdict.of_net)}
    paper.line(texts("papers.step.verdict", rule=name, source=rule.source, **shares))
    if step in MEETINGS:
        paper.line(
            texts("papers.step.blanks")
            if meeting is None
            else texts(
                "papers.step.numbers", due=meeting.due, present=meeting.present, votes=meeting.votes_for
            )
        )
    paper.line(texts("papers.step.opinion"))
    paper.gap(60)
    labels = ("chair", "recorder", "date") if step in MEETINGS else _office(step)
    paper.signatures([texts(f"papers.sign.{label}") for label in labels])
    if step in MEETINGS:
        sign_in(paper, texts)
    return paper.content()


def _office(step: Step) -> tuple[str, ...]:
    office = "township" if step is Step.TOWNSHIP_REVIEWED else "county"
    return (office, "checker", "date")


def _percent(share: object) -> str:
    from fractions import Fraction

    return f"{float(share) * 100:.2f} %" if isinstance(share, Fraction) else "—"


def plan_table(paper: Paper, plan: Plan, texts: Texts) -> None:
    """Write the lines of a plan."""
    heads = [texts(f"papers.notice.{name}") for name in ("class", "purpose", "amount")]
    rows = [
        [texts(f"papers.class.{line.kind.value}"), line.purpose, str(Money(line.fen))] for line in plan.lines
    ]
    rows.append([texts("papers.notice.total"), "", str(Money(plan.planned_fen))])
    paper.table(heads, [190, 190, 119], rows, "  n")


def sign_in(paper: Paper, texts: Texts) -> None:
    """Write an empty sign-in list."""
    paper.line(texts("papers.step.sign_in"), 12)
    half = SIGN_IN_ROWS // 2
    rows = [[str(n), "", str(n + half), ""] for n in range(1, half + 1)]
    heads = ["", texts("papers.attendance.signature")] * 2
    paper.table(heads, [30, 219, 30, 219], rows)


def attendance_paper(
    line: PlanLine, month: str, village: str, rows: Sequence[tuple[str, str]], texts: Texts
) -> bytes:
    """Return a blank attendance sheet printed from the roster: household, name, days, signature."""
    refuse_lacking(rows)
    title = texts("papers.attendance.title", village=village, month=month, purpose=line.purpose)
    paper = Paper(title, title)
    paper.title(title, 14)
    heads = [texts(f"papers.attendance.{name}") for name in ("household", "name", "days", "signature")]
    paper.table(heads, [110, 130, 80, 179], [[household, name, "", ""] for household, name in rows])
    paper.signatures([texts(f"papers.sign.{name}") for name in ("maker", "checker", "date")])
    return paper.content()
