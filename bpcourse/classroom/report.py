"""What a class missed: one page from the practice files that students hand in.

The practice page of the book exports such a file: of each exercise whether it was right at
first try, and of each value the first verdict on it. The page tells how hard each question
is, whether it parts the strong from the weak, at which step a class fails, and by which
mistake. It holds no name: neither of a student nor of a file.

Book: chapters 01 to 19.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bpcourse import checks
from bpcourse.pictures import svg
from bpcourse.practice import clinic, page
from bpcourse.practice.exercises import Choice, Clinic, Exercise, Ladder, Numbers, exercise
from bpcourse.practice.mistakes import MISTAKES
from bpcourse.practice.rules import RULES

LARGEST = 2_000_000
"""Bytes that a practice file may have: ten times what all exercises fill."""

FEWEST = 30
"""Students from which a discrimination is told: with fewer, chance alone gives more than 0.37 now and then."""

LISTED = 3
"""Steps that a line of the table lists, at most."""

ACCEPTED = {"right", "follows", "rounded"}
WRONG = {"mistake", "perhaps", "two", "unknown"}
NAMES = {*(mistake.name for mistake in MISTAKES), "transposed", "rounding in between"}


class Try(NamedTuple):
    """One student at one question: when, and whether right at first try.

    `said` is what was first said of each value: whether it was accepted, and the diagnosis where there is one.
    """

    at: float
    first: bool
    said: Mapping[str, tuple[bool, str]]


Student = dict[str, Try]


class Step(NamedTuple):
    """A value that is asked for; for `failed` students it is the first wrong one."""

    name: str
    words: str
    failed: int


class Question(NamedTuple):
    """What a class made of a question.

    `right` of `n` students had it at first try; of `judged` it is known at which step they
    failed. `diagnoses` are the commonest first.
    """

    label: str
    title: str
    right: int
    n: int
    discrimination: float
    steps: Sequence[Step]
    judged: int
    diagnoses: Sequence[tuple[str, int]]


# --------------------------------------------------------------------------- the files


def read(path: Path) -> Student:
    """What a practice file tells, question by question.

    A file of an older edition tells no verdicts.
    What is not as the book writes it is left out. ValueError, which says why, where nothing is left.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST else b""
    except OSError as error:
        raise ValueError(f"expected a file that can be read, got {error.strerror}") from None
    if not 0 < size <= LARGEST:
        raise ValueError(f"expected 1 to {LARGEST:,} bytes, got {size:,}")
    try:
        told = json.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("expected a file of the practice page, got JSON that is nested too deep") from None
    except ValueError as error:
        raise ValueError(f"expected JSON in UTF-8, got {checks.short(str(error))}") from None
    found = {} if not isinstance(told, dict) else {label: _try(label, entry) for label, entry in told.items()}
    student = {label: entry for label, entry in found.items() if entry is not None}
    if not student:
        raise ValueError("expected answers to this book's exercises, got none")
    return student


@cache
def _exercise(label: str) -> Exercise | None:
    """The exercise of a label as the page writes it, "07.3"; None where this edition has none."""
    try:
        return exercise(label) if re.fullmatch(r"[0-9]{2}\.[0-9]{1,2}", label) else None
    except ValueError:
        return None


def _try(label: str, entry: Any) -> Try | None:
    if _exercise(label) is None or not isinstance(entry, dict) or not isinstance(entry.get("first"), bool):
        return None
    at = entry.get("at")
    if isinstance(at, bool) or not isinstance(at, int | float) or not abs(at) < 1e16:
        return None
    told = entry.get("said")
    heard = told.items() if isinstance(told, dict) else ()
    asked = _asked(label)
    return Try(
        at, entry["first"], {name: verdict for name, x in heard if name in asked and (verdict := _verdict(label, name, x))}
    )


@cache
def _asked(label: str) -> dict[str, str]:
    """The names of what is judged in an exercise, and each in words."""
    one = _exercise(label)
    if isinstance(one, Choice):
        return {"choice": "the choice"}
    if isinstance(one, Clinic):
        return {"line": "the first bad line", "reason": "the reason"}
    if not isinstance(one, Numbers | Ladder):
        return {}
    rules = {name: one.derivation.step(name).rule for name in page.asked(one)}
    return {**rules, **{f"rule of {name}": "which rule it is" for name in rules}}


def _verdict(label: str, name: str, told: Any) -> tuple[bool, str] | None:
    """Whether a value was accepted, and the diagnosis; None where it is not as the page writes it."""
    if not isinstance(told, list) or not told or not all(isinstance(word, str) for word in told):
        return None
    kind, *chosen = told
    if kind not in ACCEPTED | WRONG:
        return None
    words = _words(label, name)
    return kind in ACCEPTED, "" if kind in ACCEPTED else " or ".join(words[word] for word in chosen if word in words)


@cache
def _words(label: str, name: str) -> dict[str, str]:
    """What can be said against a value, as HTML in the book's words: the mistakes of a number, or what can be chosen."""
    one = _exercise(label)
    if isinstance(one, Choice):
        told = {str(k): f"“{option.text}” {option.why}" for k, option in enumerate(one.options, start=1)}
    elif isinstance(one, Clinic) and name == "line":
        told = {str(k): f"line {k}" for k in range(1, len(clinic.lines(one)) + 1)}
    elif isinstance(one, Clinic):
        told = {str(k): reason.mistake.name for k, reason in enumerate(clinic.menu(one), start=1)}
    else:
        told = {rule: f"“{rule}”" for rule in RULES} if name.startswith("rule of ") else {mistake: mistake for mistake in NAMES}
    return {key: _inline(text) for key, text in told.items()}


def _inline(text: str) -> str:
    """Markdown as HTML that needs no script: a formula as it is written."""
    return re.sub(r"\\\((.*?)\\\)", r"<code>\1</code>", page.inline(text))


def once_each(students: Iterable[Student]) -> list[Student]:
    """Of several files of one student the newest.

    They tell of the same moment at the same question.
    """
    kept: list[Student] = []
    seen: set[tuple[str, float]] = set()
    for student in sorted(students, key=lambda student: -max(entry.at for entry in student.values())):
        moments = {(label, entry.at) for label, entry in student.items()}
        if not moments & seen:
            kept.append(student)
        seen |= moments
    return kept


# --------------------------------------------------------------------------- the numbers


def questions(students: Sequence[Student]) -> list[Question]:
    """Every question that somebody answered, those first that are surely hard."""
    labels = sorted({label for student in students for label in student})
    first = np.array([[student[label].first if label in student else np.nan for label in labels] for student in students])
    found = [_question(label, [s[label] for s in students if label in s], r) for label, r in zip(labels, discriminations(first))]
    return sorted(found, key=lambda question: (interval(question.right, question.n)[1], question.label))


def _question(label: str, tries: Sequence[Try], discrimination: float) -> Question:
    one, asked = exercise(label), _asked(label)
    heard = [entry.said for entry in tries if entry.said]
    failed = Counter(next((name for name in asked if not said.get(name, (True,))[0]), "") for said in heard)
    diagnoses = Counter(words for said in heard for words in {words for right, words in said.values() if words})
    return Question(
        label=label,
        title=one.title,
        right=sum(entry.first for entry in tries),
        n=len(tries),
        discrimination=discrimination,
        steps=[
            Step(name, words, failed[name]) for name, words in asked.items() if failed[name] or not name.startswith("rule of")
        ],
        judged=len(heard),
        diagnoses=sorted(diagnoses.items(), key=lambda item: (-item[1], item[0])),
    )


def discriminations(first: Any) -> list[float]:
    """Point-biserial correlation of each question with the others.

    `first` is of shape (students, questions): 1, 0, or nan where a student has not answered. The others count as how far a
    student is above the class in them, so that nobody gains by leaving out the hard ones.
    nan where all or none had it, and where nothing else was answered.
    """
    n = np.sum(~np.isnan(first), axis=0)
    above = first - np.nansum(first, axis=0) / n
    total, count = np.nansum(above, axis=1, keepdims=True), np.sum(~np.isnan(first), axis=1, keepdims=True)
    rest = (total - above) / np.where(count > 1, count - 1, np.nan)
    found = []
    for one, others in zip(above.T, rest.T):
        both = ~np.isnan(one) & ~np.isnan(others)
        x, y = one[both], others[both]
        flat = len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) < 1e-12
        found.append(math.nan if flat else float(np.corrcoef(x, y)[0, 1]))
    return found


def interval(right: int, n: int) -> tuple[float, float]:
    """Wilson's interval: where the share of a large class lies with 95 % certainty."""
    z2 = 1.96**2
    centre, half = (right + z2 / 2) / (n + z2), math.sqrt(z2 * (right * (n - right) / n + z2 / 4)) / (n + z2)
    return centre - half, centre + half


# --------------------------------------------------------------------------- the page

LEFT, WIDE, ROW, TOP = 60, 330, 22, 26


def picture(found: Sequence[Question]) -> svg.Picture:
    """A line a question: the share right at first try, and where they fail.

    The share has its interval; a square stands for a step, fuller where more fail.
    """
    steps = max(len(question.steps) for question in found)
    height = TOP + ROW * len(found) + 8
    parts = [svg.text(LEFT + WIDE + 20, 14, "first wrong step, from the first on", "gradient", 12, "start")]
    for share in (0, 0.25, 0.5, 0.75, 1):
        x = LEFT + WIDE * share
        parts += [svg.path(f"M{x:g} {TOP - 6}V{height - 8}", "line", 0.5), svg.text(x, 14, f"{share:.0%}", "muted", 12)]
    for k, question in enumerate(found):
        y = TOP + ROW * (k + 0.5)
        low, high = (LEFT + WIDE * end for end in interval(question.right, question.n))
        dot = LEFT + WIDE * question.right / question.n
        parts += [
            svg.text(LEFT - 14, y + 4, question.label, "ink", 13, "end"),
            svg.path(f"M{low:.1f} {y}H{high:.1f}", "value", 2),
            f'<circle cx="{dot:.1f}" cy="{y}" r="5" fill="var(--bp-value)"/>',
        ]
        for i, step in enumerate(question.steps):
            share = step.failed / question.judged if question.judged else 0
            parts.append(
                f'<rect x="{LEFT + WIDE + 20 + 18 * i}" y="{y - 7}" width="14" height="14" fill="var(--bp-gradient)" '
                f'fill-opacity="{share:.2f}" stroke="var(--bp-line)"><title>{svg.escaped(_failed(question, step))}</title></rect>'
            )
    hardest = ", ".join(f"{q.label} ({q.right / q.n:.0%})" for q in found[:3])
    words = f"The share right at first try of {len(found)} questions. The hardest are {hardest}."
    return svg.drawing(max(LEFT + WIDE + 30 + 18 * steps, LEFT + WIDE + 240), height, words, parts)


def _failed(question: Question, step: Step) -> str:
    return f"{step.name}, {step.words}: {step.failed} of {question.judged}"


def _row(question: Question) -> str:
    """The line of a question in the table."""
    low, high = interval(question.right, question.n)
    r, chance = question.discrimination, 2 / math.sqrt(question.n)
    told = "–" if question.n < FEWEST or math.isnan(r) else f"{r:.2f}".replace("-", "−") + " (chance?)" * (abs(r) < chance)
    worst = sorted(question.steps, key=lambda step: -step.failed)[:LISTED] if len(question.steps) > 1 else []
    failing = [_failed(question, step) for step in worst if step.failed]
    diagnosis = "{}: {} of {}".format(*question.diagnoses[0], question.judged) if question.diagnoses else "–"
    cells = [
        f"{question.right / question.n:.0%} of {question.n}<br><small>{low:.0%} to {high:.0%}</small>",
        told,
        "<br>".join(map(svg.escaped, failing)) or "–",
        diagnosis,
    ]
    head = f'<th scope="row">{question.label} {_inline(question.title)}</th>'
    return f"<tr>{head}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


STYLE = f"""
:root {{ {svg.variables(0)} color-scheme: light dark; }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {svg.variables(1)} }} }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 70rem; }}
body {{ color: var(--bp-ink); background: var(--bp-paper); }}
table {{ border-collapse: collapse; }} .wide {{ overflow-x: auto; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; min-width: 6rem; }}
tr {{ border-bottom: 1px solid var(--bp-line); }}
thead th {{ white-space: nowrap; }} tbody th {{ font-weight: 600; min-width: 12rem; }} td:nth-child(n+4) {{ min-width: 16rem; }}
small {{ color: var(--bp-muted); }} svg {{ display: block; height: auto; }}
"""
# The picture brings the palette of the book's pages, which know a switch; this page follows the system.
_OWN_PALETTE = re.compile(r"<style>.*?</style>", re.S)


def document(students: Sequence[Student], left_out: int = 0, doubles: int = 0) -> str:
    """The page, as one HTML file that needs nothing else."""
    found = questions(students)
    heads = "".join(
        f'<th scope="col">{head}</th>'
        for head in ("question", "right at first try", "discrimination", "first wrong step", "commonest diagnosis")
    )
    notes = [f"{doubles} files from students who had handed in another, the newest of which counts"] if doubles else []
    notes += [f"{left_out} files that could not be read"] if left_out else []
    without = f" Left out: {'; '.join(notes)}." if notes else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>What the class missed</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>What the class missed</h1>
<p>{len(students)} students, {len(found)} questions, the hardest first.{without} No names are kept here.</p>
<p><strong>Right at first try</strong>: the share of those who answered. Below it, and as a line in the picture, where the
share of a large class would lie, with 95 % certainty.</p>
<p><strong>Discrimination</strong>: the correlation between having this question right and being above the class in all the
others (point-biserial, without the question itself). Near 1: who knows the rest knows this. Near 0: it tells nothing about who
knows the rest. Below 0: the better ones miss it, so read the question again, it may be wrong. With fewer than {FEWEST} students
it says nothing and is not shown; “chance?” stands where it is below 2/√n, which a question without any gives once in twenty
classes.</p>
<p><strong>First wrong step</strong>: where a student's first wrong value stands, on the first try at each; a square a step in the
picture, the fuller the more. What only follows from an earlier number counts as right.</p>
<p><strong>Commonest diagnosis</strong>: what the first verdicts named most often, and of how many who were judged.</p>
<div class="wide" tabindex="0" role="region" aria-label="The picture">{_OWN_PALETTE.sub("", picture(found).svg)}</div>
<div class="wide" tabindex="0" role="region" aria-label="The table">
<table>
<thead><tr>{heads}</tr></thead>
<tbody>
{chr(10).join(map(_row, found))}
</tbody>
</table>
</div>
</main>
</body>
</html>
"""


def main(files: Sequence[Path], out: Path) -> None:
    """Make the page of these files at `out`.

    A folder stands for the JSON files in it and in its folders. Files that cannot be read are named and left out.
    ValueError where none can be read.
    """
    files = [file for given in files for file in (sorted(given.rglob("*.json")) or [given])]
    students = []
    for file in files:
        try:
            students.append(read(file))
        except ValueError as error:
            print(f"left out {str(file)!r}: {error}", file=sys.stderr)
    if not students:
        raise ValueError(f"files: expected files that the practice page exports, got none among {len(files)}")
    single = once_each(students)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(document(single, len(files) - len(students), len(students) - len(single)), encoding="utf-8")
    print(f"{len(single)} students: {out}")
