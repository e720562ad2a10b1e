"""The file for the bank (一卡通 kind): ids as text, with count, total and hash; what cannot be encoded stops it."""

from commands.bank_file import BankFile
from commands.papers.sheets import BANK_ENCODING, Cells, csv_file, workbook
from domain.money import Money
from domain.roster import masked_name
from revenue.refusal import refuse
from texts.loader import Texts


def bank_cells(file: BankFile, village: str, texts: Texts) -> Cells:
    """Return the list as it goes to the bank."""
    names = ("number", "name", "id_number", "bank", "account", "amount", "note")
    heads = tuple(texts(f"papers.bank.{name}") for name in names)
    batch = file.batch
    return Cells(
        texts("papers.bank.title", village=village),
        heads,
        tuple(
            (row.number, row.name, row.id_number, row.bank, row.account, row.fen, row.note)
            for row in file.rows
        ),
        frozenset({heads[5]}),
        (
            texts("papers.bank.title", village=village),
            texts("papers.bank.batch", batch=batch.batch_id),
            texts("papers.bank.count", count=len(batch.lines)),
            texts("papers.bank.total", fen=Money(batch.total_fen)),
            texts("papers.bank.digest", digest=batch.digest),
        ),
    )


def bank_xlsx(file: BankFile, village: str, texts: Texts) -> bytes:
    """Return the bank file as XLSX."""
    return workbook([bank_cells(file, village, texts)])


def bank_csv(file: BankFile, village: str, texts: Texts, encoding: str = BANK_ENCODING) -> bytes:
    """Return the bank file as CSV in the bank's encoding.

    Raises
    ------
    RefusedError
        Some names cannot be written in it; lists the lines, and nothing is made.
    """
    unwritable = [
        f"{row.number} {masked_name(row.name)}" for row in file.rows if not _can_write(row.name, encoding)
    ]
    if unwritable:
        raise refuse("bank_glyph", persons="、".join(unwritable))
    return csv_file(bank_cells(file, village, texts), encoding)


def _can_write(name: str, encoding: str) -> bool:
    try:
        return name.encode(encoding).decode(encoding) == name
    except UnicodeError:
        return False
