"""Exams on paper: `python tools/exams.py roster.csv set1 set2`, and a key to each, as PDF in `_build/class/exams`.

The tasks are those of `bpcourse.classroom.versions`; KaTeX prints their formulas, as in the book, and Chromium the pages.
"""

import argparse
import inspect
import re
import sys
import textwrap
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "book" / "_ext"), str(ROOT / "tools" / "editions")]

import formulas  # noqa: E402
import numpy as np  # noqa: E402
from markdown_it import MarkdownIt  # noqa: E402
from mdit_py_plugins.dollarmath import dollarmath_plugin  # noqa: E402
from pdf import FLAGS, chromium  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from still import SETTINGS  # noqa: E402

from bpcourse.classroom import roster  # noqa: E402
from bpcourse.classroom.__main__ import secret_of  # noqa: E402
from bpcourse.classroom.grading import LETTERS  # noqa: E402
from bpcourse.classroom.handouts import points  # noqa: E402
from bpcourse.classroom.sets import SETS, ProblemSet  # noqa: E402
from bpcourse.classroom.tasks import Task, program, shown  # noqa: E402
from bpcourse.classroom.versions import LISTED, answers, versions, wrong_values  # noqa: E402
from bpcourse.practice import clinic, page  # noqa: E402
from bpcourse.practice.exercises import Choice, Clinic, Code, Numbers  # noqa: E402

KATEX = formulas.Katex(SETTINGS["sphinx"]["config"]["formula_macros"])
LOOK = """
@page { @top-center { content: "HEAD"; } }
h1 { font-size: 18pt; margin: 0 0 2mm; }
h2 { font-size: 12.5pt; margin: 7mm 0 2mm; }
.who { display: flex; gap: 8mm; margin: 4mm 0; }
.who span { flex: 1; border-bottom: 0.6pt solid; }
.who span + span { flex: 0 0 45mm; }
.room, .stem, pre { break-inside: avoid; }
.stem { break-after: avoid; }
.lines div { height: 8mm; border-bottom: 0.4pt solid #8b949e; }
.blank.long { width: 70mm; }
.blank.line { width: 110mm; }
.bp-ask { white-space: nowrap; }
.options { list-style: none; padding-left: 0; }
.options li { display: flex; gap: 2.5mm; margin: 1.2mm 0; break-inside: avoid; }
.box { flex: 0 0 3.2mm; height: 3.2mm; margin-top: 0.9mm; border: 0.6pt solid; }
.asked { font-weight: bold; }
td code { white-space: pre-wrap; }
"""


# --------------------------------------------------------------------------- pieces


def markdown() -> MarkdownIt:
    """Markdown with formulas, as the texts of the bank have them."""
    return MarkdownIt("commonmark").use(
        dollarmath_plugin, renderer=lambda tex, told: KATEX(tex.strip(), told["display_mode"]), allow_space=False
    )


MARKDOWN = markdown()


def typeset(text: str) -> str:
    """HTML in which formulas stand as LaTeX, with the formulas printed."""
    return formulas.RAW.sub(lambda m: f"{m[1]}{KATEX(re.sub('&lt;|&gt;|&amp;', plain, m[2]))}</span>", text)


def plain(entity: re.Match) -> str:
    """The sign of an entity."""
    return {"&lt;": "<", "&gt;": ">", "&amp;": "&"}[entity[0]]


def math(tex: str) -> str:
    """A formula in a line."""
    return f'<span class="math">{KATEX(tex)}</span>'


def boxes(rows: list[str]) -> str:
    """What there is to tick, one a line."""
    return f'<ul class="options">{"".join(f"<li><span class=box></span><span>{row}</span></li>" for row in rows)}</ul>'


def blank(kind: str = "") -> str:
    """A line to write on: of the usual length, `long` or as long as a `line` of code."""
    return f'<span class="blank {kind}"></span>'


# --------------------------------------------------------------------------- what is asked


def question(task: Task) -> str:
    """The text of a task, its numbers, and where to answer."""
    one = task.exercise
    told, room = MARKDOWN.render(one.text), ""
    if isinstance(one, Numbers):
        symbols, given = one.derivation.symbols(), shown(one, one.derivation, task.seed)
        told += (
            f'<ul class="bp-givens">{"".join(f"<li>{math(symbols[n])} = {page.shown(x)}</li>" for n, x in given.items())}</ul>'
        )
        for name, x in zip(one.asks, answers(task)):
            rule = f" by the rule {blank()}" if one.rules else ""
            room += f'<p class="bp-ask">{math(symbols[name])} = {blank("long" * (np.size(x) > 2))}{how_many(x)}{rule}</p>'
        room += f'<div class="room" style="height: {20 + 8 * len(one.asks)}mm"></div>'
    elif isinstance(one, Choice):
        room = boxes([f"{letter}) {MARKDOWN.renderInline(o.text)}" for letter, o in zip(LETTERS, one.options)])
    elif isinstance(one, Clinic):
        told += f"<pre>{escape(program(one))}</pre>"
        lines = [f"{k}. <code>{escape(x.text)}</code> = {page.shown(x.value)}" for k, x in enumerate(clinic.lines(one), start=1)]
        reasons = boxes([escape(reason.mistake.name) for reason in clinic.menu(one)])
        room = f'{boxes(lines)}<p>The line as it should be: {blank("line")}</p><div class="room"><p>Reason:</p>{reasons}</div>'
    elif isinstance(one, Code):
        told += f"<pre>{escape(one.stub)}</pre>"
        room = f'<div class="room lines">{10 * "<div></div>"}</div>'
    return f'<div class="stem">{told}</div>{room}'


def how_many(value: Any) -> str:
    """How many numbers go into a blank, where it is not one."""
    return "" if np.size(value) == 1 else f" ({' × '.join(map(str, np.shape(value)))} numbers)"


# --------------------------------------------------------------------------- what is right, and what is wrong


def key(task: Task) -> str:
    """The answers of a task with the way to them, and the common wrong ones with their mistakes."""
    one = task.exercise
    told = f"<p>{points(task.points)} each.</p>"
    if isinstance(one, Numbers):
        return told + steps(task, one) + MARKDOWN.render(one.solution) + wrong(task, one)
    if isinstance(one, Choice):
        rows = [
            f"<p{' class=asked' * o.right}>{letter}) {MARKDOWN.renderInline(o.why)}</p>"
            for letter, o in zip(LETTERS, one.options)
        ]
        return told + "".join(rows)
    if isinstance(one, Clinic):
        return told + MARKDOWN.render(one.solution) + f"<pre>{escape(program(one, mended=True))}</pre>"
    assert isinstance(one, Code)
    return f"<p>{points(task.points)}.</p>" + MARKDOWN.render(one.solution) + f"<pre>{escape(source(one))}</pre>"


def source(one: Code) -> str:
    """The function as it should be."""
    return textwrap.dedent(inspect.getsource(one.solved))


def steps(task: Task, one: Numbers) -> str:
    """Every step on the way with its formula, number and rule; what is asked for is bold."""
    derivation = one.derivation
    values = derivation.run(derivation.drawn(task.seed))
    rows = [
        f"<tr{' class=asked' * (step.name in one.asks)}><td>{math(derivation.tex(step.name))}</td>"
        f"<td>{page.shown(values[step.name])}</td><td>{escape(step.rule)}</td></tr>"
        for step in page.on_the_way(one, with_mistakes=False)
    ]
    return f"<table><tr><th>step</th><th>number</th><th>rule</th></tr>{''.join(rows)}</table>"


def wrong(task: Task, one: Numbers) -> str:
    """The numbers that single mistakes give, the nearest first; one that follows from an earlier wrong one counts as right."""
    symbols, rows = one.derivation.symbols(), []
    for name in one.asks:
        for k, (value, mistake) in enumerate(islice(wrong_values(task, name), LISTED)):
            head = "" if k else math(symbols[name])
            rows.append(
                f"<tr><td>{head}</td><td>{clinic.some(value)}</td><td>{escape(f'{mistake.name}. {mistake.why}')}</td></tr>"
            )
    return f"<table><tr><th>asked</th><th>wrong number</th><th>mistake</th></tr>{''.join(rows)}</table>"


# --------------------------------------------------------------------------- the sheets


def sheet(one: ProblemSet, letter: str, tasks: list[Task], keyed: bool) -> str:
    """An exam, or its key, as one HTML page."""
    head = f"{one.title}, version {letter}" + ", key" * keyed
    parts = [f"<h1>{head}</h1>"]
    if keyed:
        parts.append("<p>A number that is right given an earlier wrong one counts in full.</p>")
    else:
        total = sum(task.of for task in tasks)
        parts += [
            '<p class="who">Name <span></span> Student number <span></span></p>',
            f"<p>{points(total)}. Write every number with four digits, and carry all digits on to the end.</p>",
        ]
    for k, task in enumerate(tasks, start=1):
        title = f"{k}. {MARKDOWN.renderInline(task.exercise.title)} ({points(task.of)})"
        parts.append(f"<h2>{title}</h2>{(key if keyed else question)(task)}")
    body = typeset("".join(parts))
    names = {name for found in re.findall(r'class="([^"]*)"', body) for name in found.split()}
    style = formulas.style(names, formulas.FONTS.as_uri())
    look = (ROOT / "tools" / "editions" / "paged.css").read_text(encoding="utf-8") + LOOK.replace("HEAD", head.replace('"', "'"))
    top = f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{head}</title><style>{style}{look}</style>'
    return f"{top}<body>{body}</body></html>"


def main(sets: list[ProblemSet], count: int, secret: str, out: Path) -> None:
    """Print each set in so many versions, and a key to each."""
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        tab = browser.new_page()
        for one in sets:
            for letter, tasks in versions(one, count, secret).items():
                for name in (f"{one.name}-{letter}", f"{one.name}-{letter}-key"):
                    path = (out / f"{name}.html").resolve()
                    path.write_text(sheet(one, letter, tasks, name.endswith("key")), encoding="utf-8")
                    tab.goto(path.as_uri())
                    tab.evaluate("document.fonts.ready")
                    tab.pdf(path=path.with_suffix(".pdf"), prefer_css_page_size=True, print_background=True, tagged=True)
                    path.unlink()
        browser.close()
    print(f"Exams and their keys: {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("roster", type=Path, help="the numbers are drawn by the secret beside it")
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"by default all: {', '.join(SETS)}")
    parser.add_argument("--versions", type=int, default=4, help="how many versions (4)")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "class" / "exams")
    told = parser.parse_args()
    unknown = [name for name in told.sets if name not in SETS]
    try:
        if unknown:
            raise ValueError(f"set: expected {', '.join(SETS)}, got {unknown[0]!r}")
        roster.read(told.roster)
        main([SETS[name] for name in told.sets or SETS], told.versions, secret_of(told.roster), told.out)
    except (ValueError, OSError) as error:
        sys.exit(f"exams: {error}")
