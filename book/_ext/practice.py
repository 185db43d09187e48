"""The exercises of the bank in the pages: `{practice} 07.3` is the third of chapter 7.

The question becomes a numbered exercise with a box to answer in, the solution a folded block after it; each is linked
to the other. What the boxes need to judge is written once for each chapter, as `_static/practice/07.js`, which the page
loads as a plain script: it works from a folder.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from bpcourse import practice
from bpcourse.practice import page
from bpcourse.practice.exercises import Code, Exercise, Ladder, Numbers, chapter, exercise

ROOM = Path(practice.__file__).parent
FOLDER = "_static/practice"


def labels(number: int) -> dict[str, Exercise]:
    """The exercises of a chapter by their labels."""
    return {f"{number:02}.{k}": one for k, one in enumerate(chapter(number), start=1)}


def anchor(label: str, kind: str = "ex") -> str:
    """The name under which an exercise or a solution can be linked to: ex-07-3."""
    return f"{kind}-{label.replace('.', '-')}"


class Practice(SphinxDirective):
    """An exercise of the bank, by its label."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The exercise, then its solution."""
        label = self.arguments[0]
        try:
            one = exercise(label)
        except ValueError as error:
            raise self.error(str(error)) from None
        label = "{:02}.{}".format(*map(int, label.split(".")))
        for path in [*ROOM.glob("*.*"), ROOM / "bank" / f"c{label[:2]}.py"]:
            self.env.note_dependency(str(path))
        question = self.parsed("exercise", one.title, anchor(label), one.text.splitlines())
        solution = self.parsed("solution", anchor(label), anchor(label, "sol"), one.solution.splitlines(), "dropdown")
        if isinstance(one, Code):
            question[-1] += nodes.literal_block(one.stub, one.stub, language="python")
        question[-1] += nodes.raw("", page.box(one, label, self.notebook()), format="html")
        if isinstance(one, Numbers | Ladder):
            solution[-1] += self.steps(one, label)
        for node in (question, solution):
            node[-1]["ids"] = [f"{node['label']}-text"]  # sphinx-exercise gives all of them the same
        return [question, solution]

    def parsed(self, name: str, argument: str, label: str, lines: list[str], *classes: str) -> Any:
        """What sphinx-exercise makes of it."""
        options = [f":label: {label}", *(f":class: {name}" for name in classes), ""]
        text = [f"``````{{{name}}} {argument}", *options, *lines, "``````"]
        holder = nodes.Element()
        self.state.nested_parse(StringList(text, self.env.docname), self.content_offset, holder)
        return next(node for node in holder.children if "label" in getattr(node, "attributes", {}))

    def notebook(self) -> str:
        """The address of the notebook of this page."""
        return f"../notebooks/{Path(self.env.docname).name}.html"

    def steps(self, one: Numbers | Ladder, label: str) -> nodes.Node:
        """Each step on the way: its formula, its number, the name of its rule."""
        derivation = one.derivation
        values = derivation.run(derivation.drawn())
        lines = nodes.bullet_list(classes=["bp-steps"])
        for step in page.on_the_way(one):
            tex = derivation.tex(step.name)
            number = nodes.raw("", page.number(label, step.name, values[step.name]), format="html")
            rule = nodes.emphasis("", f"({step.rule})")
            line = nodes.paragraph("", "", nodes.math(tex, tex), nodes.Text(" = "), number, nodes.Text(" "), rule)
            lines += nodes.list_item("", line)
        return lines


def chapters_of(doctree: nodes.document | None) -> set[str]:
    """The chapters whose exercises stand in a page."""
    found = doctree.findall(nodes.raw) if doctree is not None else ()
    return {number for node in found for number in re.findall(r'data-exercise="(\d\d)\.', node.astext())}


def write(app: Any, name: str, text: str) -> str:
    """A file beside the pages; what to call it there."""
    path = Path(app.outdir, FOLDER, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return f"practice/{name}"


def scripts(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """What a page with exercises loads: the runtime, and its chapter's data."""
    numbers = chapters_of(doctree)
    if not numbers:
        return
    app.add_css_file(write(app, "practice.css", page.style()))
    app.add_js_file(write(app, "practice.js", page.runtime()))
    for number in sorted(numbers):
        app.add_js_file(write(app, f"{number}.js", page.data(labels(int(number)))))


def setup(app: Any) -> dict[str, bool]:
    """The directive, and the scripts of the pages that use it."""
    app.add_directive("practice", Practice)
    app.connect("html-page-context", scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
