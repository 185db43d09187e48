"""The roster: who is in the class, from a table as spreadsheets and schools write them.

Book: chapters 01 to 18, in a class's problem sets.
"""

from __future__ import annotations

import codecs
import csv
import re
from pathlib import Path
from typing import NamedTuple

from bpcourse import checks

COLUMNS = ("identifier", "name", "email")


class Student(NamedTuple):
    """A row of the roster; `identifier` names her files, her folder and her numbers."""

    identifier: str
    name: str = ""
    email: str = ""


def read(path: str | Path) -> list[Student]:
    """The students of a roster, in its order.

    The file is a table with a first line of titles, of which `identifier` must be one and `name`
    and `email` may be; others are passed over. It is UTF-8, UTF-16 or Windows' cp1252, parted by
    commas, semicolons or tabs.

    Raises ValueError, with the line and what came, for a column that is missing, an identifier
    that is empty, stands twice or cannot be a file's name, and a table without rows.
    """
    text = _decoded(Path(path).read_bytes())
    first = text.partition("\n")[0]
    rows = csv.reader(text.splitlines(keepends=True), delimiter=max(",;\t", key=first.count), strict=True)
    students: list[Student] = []
    try:
        titles = [title.strip().lower() for title in next(rows, [])]
        _expect_titles(titles)
        lines: dict[str, int] = {}
        for row in rows:
            if any(cell.strip() for cell in row):
                students.append(_student(titles, row, rows.line_num, lines))
    except csv.Error as error:
        raise ValueError(f"roster: line {rows.line_num}: expected a table, got one that cannot be read ({error})") from None
    if not students:
        raise ValueError("roster: expected at least one student below the titles, got none")
    return students


def _decoded(raw: bytes) -> str:
    """The text, by its byte order mark or the zeros of UTF-16; what is no UTF-8 is cp1252."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in raw[:4]:
        encodings = ["utf-16-be" if raw[0] == 0 else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]  # cp1252 leaves five bytes out, latin-1 none
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError(f"roster: expected a text in UTF-8, UTF-16 or cp1252, got bytes that are no {encodings[0].upper()}")


def _expect_titles(titles: list[str]) -> None:
    for column in COLUMNS:
        if titles.count(column) > 1 or (column == "identifier" and column not in titles):
            wanted = f"{'a' if column == 'identifier' else 'at most one'} column {column!r}"
            raise ValueError(f"roster: line 1: expected {wanted}, got {', '.join(map(repr, titles)) or 'an empty line'}")


def _student(titles: list[str], row: list[str], line: int, lines: dict[str, int]) -> Student:
    """The student of a row; `lines` remembers where each identifier stood."""
    if len(row) > len(titles) and any(cell.strip() for cell in row[len(titles) :]):
        raise ValueError(f"roster: line {line}: expected {len(titles)} cells, got {len(row)}")
    cells = {title: cell.strip() for title, cell in zip(titles, row)}
    student = Student(*(cells.get(column, "") for column in COLUMNS))
    identifier = student.identifier
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", identifier):  # 32 letters: the longest name of a Linux user
        raise ValueError(
            f"roster: line {line}: identifier: expected 1 to 32 letters a to z, digits, - and _, got {checks.short(identifier)}"
        )
    before = lines.setdefault(identifier.lower(), line)  # on some disks Ada and ada are one folder
    if before != line:
        came = f"{identifier!r}, which stands in line {before}"
        raise ValueError(f"roster: line {line}: identifier: expected each once, got {came}")
    return student
