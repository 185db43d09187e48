"""The words of pages in another language: `tr` looks them up in a gettext catalogue.

The variable BPCOURSE_WORDS names the catalogue, a file that ends in .mo; without it all
stays English. What a catalogue lacks stays English, too, and is noted in the file that
BPCOURSE_MISSED names: `make translation` reads it. Messages of errors are not translated.

Book: every chapter.
"""

from __future__ import annotations

import gettext
import json
import os
import re

WORD = re.compile("[A-Za-z]{3}")
"""What has no three letters in a row is no word."""


class _Missed(gettext.NullTranslations):
    """Stays English, and is noted once a process."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: set[str] = set()

    def gettext(self, message: str) -> str:
        """The message itself."""
        path = os.environ.get("BPCOURSE_MISSED")
        if path and WORD.search(message) and message not in self.noted:
            self.noted.add(message)
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(["words", message]) + "\n")
        return message


def _read(path: str | None) -> gettext.NullTranslations:
    """The catalogue in the file; without a file one that leaves all as it is."""
    if not path:
        return gettext.NullTranslations()
    with open(path, "rb") as file:
        words = gettext.GNUTranslations(file)
    words.add_fallback(_Missed())
    return words


WORDS = _read(os.environ.get("BPCOURSE_WORDS"))
"""The catalogue that was named when the package was imported."""

TRANSLATED = isinstance(WORDS, gettext.GNUTranslations)
"""Whether there is one."""


def tr(text: str) -> str:
    """The text in the catalogue's language, or as it is.

    Book: every chapter.
    """
    return WORDS.gettext(text) if text else text


def tr_tex(tex: str) -> str:
    r"""LaTeX with the words in its `\text{}` translated.

    Book: every chapter.
    """
    return re.sub(r"\\text\{([^{}]+)\}", lambda match: f"\\text{{{tr(match[1])}}}", tex) if TRANSLATED else tex


def tr_script(script: str) -> str:
    """JavaScript with each call of `tr` replaced by its literal, translated.

    Book: every chapter.
    """
    literal = r'\btr\(("(?:[^"\\]|\\.)*")\)'
    return re.sub(literal, lambda match: json.dumps(tr(json.loads(match[1])), ensure_ascii=False), script)
