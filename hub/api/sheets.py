"""Tables as CSV and XLSX. A cell that comes from outside can never become a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Cell = str | int | float | None
Form = Literal["csv", "xlsx"]

MEDIA_TYPE: Final[dict[Form, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: What a spreadsheet program takes for the beginning of a formula, also behind white space.
FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
#: XLSX holds so many characters in a cell.
LONGEST: Final = 32_767


def table(form: Form, title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A whole table as a file; numbers stay numbers."""
    return _csv(head, rows) if form == "csv" else _xlsx(title, head, rows)


def harmless(cell: Cell) -> Cell:
    """Text that a spreadsheet shows as text: without control characters, and no formula."""
    if not isinstance(cell, str):
        return cell
    text = "".join(char if char.isprintable() or char == "\n" else " " for char in cell)[: LONGEST - 1]
    return "'" + text if text.lstrip().startswith(FORMULA) else text


def _csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")  # the mark makes Excel read Chinese as Chinese


def _xlsx(title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    sheet.append([_bold(sheet, name) for name in head])
    for row in rows:
        sheet.append([_plain(sheet, harmless(cell)) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _bold(sheet: WriteOnlyWorksheet, text: str) -> WriteOnlyCell:
    cell = _plain(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _plain(sheet: WriteOnlyWorksheet, value: Any) -> WriteOnlyCell:
    try:
        cell = WriteOnlyCell(sheet, value)
    except IllegalCharacterError:
        cell = WriteOnlyCell(sheet, "".join(char for char in value if char.isprintable()))
    if isinstance(value, str):
        cell.data_type = "s"  # never the type that a text beginning with = would get
    return cell
