"""Problem sets for learning platforms: QTI by way of text2qti, and Moodle's XML.

A set is written as text2qti's plain text, which a teacher can read and change; text2qti makes
the QTI file of it. QTI knows one sentence for all wrong numbers, so that names the numbers
that mistakes give. Moodle has a sentence for each number, and gets the diagnosis there.

Code is an essay on both, graded by hand. What follows from a student's own wrong number is
not seen there: that needs the notebooks.

Book: chapters 01 to 19.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from bpcourse.classroom.sets import ProblemSet
from bpcourse.classroom.tasks import Task, in_tex, program, shown
from bpcourse.classroom.versions import Blank, blanks, versions
from bpcourse.pictures import svg
from bpcourse.practice import clinic, page
from bpcourse.practice.exercises import Choice, Clinic, Code, Numbers


class Offer(NamedTuple):
    """Something to choose, and what is said of it, in Markdown."""

    text: str
    why: str
    right: bool


class Menu(NamedTuple):
    """One of the offers is to be chosen; `points` are what it is worth."""

    name: str
    text: str
    offers: Sequence[Offer]
    points: int


# --------------------------------------------------------------------------- what is asked, in Markdown


def stem(task: Task) -> str:
    """The question of a task with its own numbers."""
    one = task.exercise
    if isinstance(one, Numbers):
        symbols = one.derivation.symbols()
        given = [f"${symbols[name]} = {in_tex(x)}$" for name, x in shown(one, one.derivation, task.seed).items()]
        return "\n\n".join([one.text, ", ".join(given)])
    if isinstance(one, Clinic):
        return "\n\n".join([one.text, _fenced(program(one))])
    return "\n\n".join([one.text, _fenced(one.stub)]) if isinstance(one, Code) else one.text


def _fenced(code: str) -> str:
    return f"```\n{code.rstrip()}\n```"


def asked(blank: Blank) -> str:
    """What to type into a blank."""
    factor = f"10^{{{blank.power}}} \\cdot " if blank.power else ""
    return f"${factor}{blank.tex}$" + (f", {blank.place}" if blank.place else "")


def menus(task: Task) -> list[Menu]:
    """What there is to choose: the options, or the first bad line and its reason."""
    one, points = task.exercise, task.points
    if isinstance(one, Choice):
        return [Menu(one.title, one.text, [Offer(o.text, o.why, o.right) for o in one.options], points)]
    if not isinstance(one, Clinic):
        return []
    lines = [
        Offer(f"`{k}. {line.text}` = {clinic.some(line.value)}", _plain(clinic.about_line(line)), line.verdict == "bad line")
        for k, line in enumerate(clinic.lines(one), start=1)
    ]
    reasons = [
        Offer(_plain(reason.mistake.name), _plain(clinic.about_reason(reason)), reason.verdict == "right reason")
        for reason in clinic.menu(one)
    ]
    return [
        Menu(f"{one.title}: the line", "Which is the first bad line?", lines, points),
        Menu(f"{one.title}: the reason", "What was done there?", reasons, points),
    ]


def _plain(text: str) -> str:
    """Words that hold no Markdown, as Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#$])", r"\\\1", text)


# --------------------------------------------------------------------------- text2qti


def source(one: ProblemSet, letter: str, tasks: Iterable[Task]) -> str:
    """A version of a set as text2qti reads it."""
    parts = [
        f"Quiz title: {one.title}, version {letter}\nQuiz description: "
        "Type four digits and carry all of them on to the end. A number that is asked for as $10^3$ times something is that "
        "much larger.\nshuffle answers: false\nshow correct answers: false"
    ]
    for k, task in enumerate(tasks, start=1):
        if not isinstance(task.exercise, Choice | Code):
            parts.append(f"Text title: Problem {k}. {_words(task.exercise.title)}\n{_chunk('Text: ', stem(task))}")
        if isinstance(task.exercise, Numbers):
            parts += [_numerical(blank, f"{k}.{i}", task.points) for i, blank in enumerate(blanks(task), start=1)]
        parts += [_multiple(menu, k) for menu in menus(task)]
        if isinstance(task.exercise, Code):
            parts.append(f"{_head(f'Problem {k}. {task.exercise.title}', task.points)}\n{_chunk('1.  ', stem(task))}\n____")
    return "\n\n".join(parts) + "\n"


def _head(title: str, points: int) -> str:
    return f"Title: {_words(title)}\nPoints: {points}"


def _words(text: str) -> str:
    """A title without marks: platforms show it as it is."""
    return re.sub(r"[$`*]", "", text)


def _chunk(mark: str, text: str) -> str:
    """Markdown behind a mark of text2qti: what goes on stands as far in as it begins."""
    lines = text.split("\n")
    return "\n".join([mark + lines[0], *(f"{' ' * 4}{line}" if line.strip() else "" for line in lines[1:])])


def _numerical(blank: Blank, title: str, points: int) -> str:
    others = [(x, m) for x, m in blank.wrong if abs(x + blank.value) > blank.tolerance]  # a lost sign would tell the answer
    wrong = "\n".join(f"* {x:.{_decimals(blank)}f}: {_plain(f'{m.name}. {m.see}')}" for x, m in others)
    told = f"Not right. These numbers come from a mistake:\n\n{wrong}" if wrong else "Not right."
    answer = f"=   {blank.value:.{_decimals(blank) + 2}f} +- {blank.tolerance:.10g}"
    return "\n".join([_head(title, points), f"1.  **{title}** {asked(blank)} =", "+   Right.", _chunk("-   ", told), answer])


def _decimals(blank: Blank) -> int:
    """Decimals that hold the digits asked for."""
    return max(0, -round(np.log10(blank.tolerance)))


def _multiple(menu: Menu, k: int) -> str:
    lines = [_head(f"Problem {k}. {menu.name}", menu.points), _chunk("1.  ", f"**Problem {k}.** {menu.text}")]
    for letter, offer in zip("abcdefghijklmnopqrstuvwxyz", menu.offers):
        lines.append(_chunk(f"*{letter}) " if offer.right else f"{letter})  ", offer.text))
        if offer.why:
            lines.append(_chunk("... ", offer.why))
    return "\n".join(lines)


def qti(text: str) -> bytes:
    """The QTI file of a set in text2qti's text; the same bytes for the same text.

    ValueError where text2qti is not installed.
    """
    try:
        from text2qti.config import Config
        from text2qti.qti import QTI
        from text2qti.quiz import Quiz
    except ImportError:
        raise ValueError("text2qti: expected for the .zip files (python -m pip install text2qti), got no such module") from None
    made = zipfile.ZipFile(io.BytesIO(QTI(Quiz(text, config=Config())).zip_bytes()))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name in made.namelist():  # a ZipInfo of its own has the same date every time
            file.writestr(zipfile.ZipInfo(name), made.read(name), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


# --------------------------------------------------------------------------- Moodle


def moodle(one: ProblemSet, letter: str, tasks: Iterable[Task]) -> str:
    """A version of a set as Moodle's XML; its formulas are for Moodle's MathJax."""
    quiz = ElementTree.Element("quiz")
    _texts(_question(quiz, "category"), category=f"$course$/top/{one.title}, version {letter}")
    for k, task in enumerate(tasks, start=1):
        title = f"{k}. {_words(task.exercise.title)}"
        if isinstance(task.exercise, Numbers):
            rows = "".join(f"<p>{page.inline(asked(blank))} = {_cloze(blank, task.points)}</p>" for blank in blanks(task))
            _texts(_question(quiz, "cloze"), name=title, questiontext=_html(stem(task)) + rows)
        for menu in menus(task):
            question = _question(quiz, "multichoice")
            text = stem(task) + f"\n\n{menu.text}" * isinstance(task.exercise, Clinic)
            _texts(question, name=f"{k}. {_words(menu.name)}", questiontext=_html(text))
            for tag, said in {
                "defaultgrade": menu.points,
                "single": "true",
                "shuffleanswers": 0,
                "answernumbering": "abc",
            }.items():
                ElementTree.SubElement(question, tag).text = str(said)
            for offer in menu.offers:
                answer = ElementTree.SubElement(question, "answer", fraction="100" if offer.right else "0", format="html")
                ElementTree.SubElement(answer, "text").text = _html(offer.text)
                _texts(answer, feedback=_html(offer.why))
        if isinstance(task.exercise, Code):
            question = _question(quiz, "essay")
            _texts(question, name=title, questiontext=_html(stem(task)))
            for tag, said in {"defaultgrade": task.points, "responseformat": "monospaced", "responsefieldlines": 20}.items():
                ElementTree.SubElement(question, tag).text = str(said)
    ElementTree.indent(quiz)
    return ElementTree.tostring(quiz, encoding="unicode", xml_declaration=False) + "\n"


def _question(quiz: ElementTree.Element, kind: str) -> ElementTree.Element:
    return ElementTree.SubElement(quiz, "question", type=kind)


def _texts(parent: ElementTree.Element, **texts: str) -> None:
    for tag, text in texts.items():
        kind = {} if tag in ("name", "category") else {"format": "html"}
        ElementTree.SubElement(ElementTree.SubElement(parent, tag, kind), "text").text = svg.printable(text)


def _html(text: str) -> str:
    """Markdown as HTML: paragraphs and fenced code."""
    pieces = re.split(r"```\n(.*?)\n```", text, flags=re.S)
    told = [f"<pre>{svg.escaped(piece)}</pre>" if k % 2 else _paragraphs(piece) for k, piece in enumerate(pieces)]
    return "".join(told)


def _paragraphs(text: str) -> str:
    backslashes = re.sub(r"\\([\\`*_{}\[\]<>#$])", lambda m: chr(0xE000 + ord(m[1])), text)  # what _plain has marked
    told = "".join(f"<p>{page.inline(part.strip())}</p>" for part in re.split(r"\n\s*\n", backslashes) if part.strip())
    return re.sub("[\ue000-\ue0ff]", lambda m: svg.escaped(chr(ord(m[0]) - 0xE000)), told)


def _cloze(blank: Blank, points: int) -> str:
    """A box that takes the number, and answers the wrong ones with their mistakes."""
    tolerance = f"{blank.tolerance:.10g}"
    told = [f"={blank.value:.{_decimals(blank) + 2}f}:{tolerance}#Right."]
    told += [f"%0%{x:.{_decimals(blank) + 2}f}:{tolerance}#{_marked(f'{m.name}. {m.why} {m.see}')}" for x, m in blank.wrong]
    return f"{{{points}:NUMERICAL:{'~'.join(told)}}}"


def _marked(text: str) -> str:
    return re.sub(r'([}#~/"\\])', r"\\\1", svg.escaped(text))


# --------------------------------------------------------------------------- the files


def main(sets: Iterable[ProblemSet], count: int, secret: str, out: Path) -> None:
    """Write each set in versions: text2qti's text, the QTI file, Moodle's XML.

    ValueError as `versions`, and at the end, with all else written, where text2qti is not installed.
    """
    out.mkdir(parents=True, exist_ok=True)
    texts = {}
    for one in sets:
        for letter, tasks in versions(one, count, secret).items():
            text, path = source(one, letter, tasks), out / f"{one.name}-{letter}"
            path.with_suffix(".txt").write_text(text, encoding="utf-8")
            path.with_suffix(".xml").write_text(moodle(one, letter, tasks), encoding="utf-8")
            texts[path.with_suffix(".zip")] = text
    print(f"For Moodle the .xml files: {out}", flush=True)
    for path, text in texts.items():
        path.write_bytes(qti(text))
    print(f"For Canvas the .zip files: {out}")
