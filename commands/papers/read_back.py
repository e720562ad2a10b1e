"""What a produced PDF says, page by page: a document is read back before it leaves."""

import io


def page_texts(content: bytes) -> list[str]:
    """Return the text of every page of a PDF."""
    from pypdf import PdfReader

    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
