"""The exercises of the bank in the pages: `{practice} 07.3` is the third of chapter 7.

`{practice-right} 19.3` shows the right lines behind a case of the clinic.

The question becomes a numbered exercise with a box to answer in, the solution a folded block after it; each is linked
to the other. What the boxes need to judge is written once for each chapter, as `_static/practice/07.js`, which the page
loads as a plain script: it works from a folder.
"""

import functools
import json
import re
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any

import formulas
from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from bpcourse import practice
from bpcourse.language import tr
from bpcourse.practice import page
from bpcourse.practice.exercises import Choice, Clinic, Code, Exercise, Ladder, Numbers, chapter, exercise
from bpcourse.practice.notebook import TO_SOLUTION
from bpcourse.practice.outcomes import EXAM, OUTCOMES, outcomes_of

ROOM = Path(practice.__file__).parent
FOLDER = "_static/practice"
NAME = re.compile(r"ex-(\d\d)-(\d+)")
BOXED = re.compile(r'<template data-exercise="([^"]+)" data-rules="([^"]*)">(.*?)</template>\n?', re.S)
"""An exercise of the practice page, which its script loads with the others of its chapter."""


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
        solution = self.parsed("solution", anchor(label), anchor(label, "sol"), one.solution.splitlines())
        if isinstance(one, Code):
            question[-1] += nodes.literal_block(one.stub, one.stub, language="python")
        question[-1] += nodes.raw("", page.box(one, label, self.notebook()), format="html")
        if isinstance(one, Numbers | Ladder):
            solution[-1] += self.steps(one, label)
        for node in (question, solution):
            node[-1]["ids"] = [f"{node['label']}-text"]  # sphinx-exercise gives all of them the same
            self.env.sphinx_exercise_registry[node["label"]]["node"] = node.deepcopy()
        return [question, solution]

    def parsed(self, name: str, argument: str, label: str, lines: list[str]) -> Any:
        """What sphinx-exercise makes of it."""
        text = [f"``````{{{name}}} {argument}", f":label: {label}", "", *lines, "``````"]
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
        for step in page.on_the_way(one, with_mistakes=False):
            tex = derivation.tex(step.name)
            number = nodes.raw("", page.number(label, step.name, values[step.name]), format="html")
            rule = nodes.emphasis("", f"({tr(step.rule)})".replace("'", "’"))  # Sphinx does so too late for a page of copies
            line = nodes.paragraph("", "", nodes.math(tex, tex), nodes.Text(" = "), number, nodes.Text(" "), rule)
            lines += nodes.list_item("", line)
        return lines


class Right(SphinxDirective):
    """The right derivation behind a case of the clinic, by its label: `{practice-right} 19.3`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The lines with their numbers and rules."""
        case = exercise(self.arguments[0])
        if not isinstance(case, Clinic):
            raise self.error(f"practice-right: expected a case of the clinic, got {self.arguments[0]!r}")
        return [nodes.raw("", page.right_lines(case.derivation, case.nudged, case.code), format="html")]


class ForTeachers(SphinxDirective):
    """`{practice-outcomes}`, what students can do and what tests it, or `{practice-exam}`, what an exam may ask."""

    def run(self) -> list[nodes.Node]:
        """The table, with links to the exercises."""
        for path in [*ROOM.glob("*.py"), *ROOM.glob("bank/*.py")]:
            self.env.note_dependency(str(path))
        rows = outcome_rows() if self.name == "practice-outcomes" else exam_rows()
        holder = nodes.Element()
        self.state.nested_parse(StringList([*rows], self.env.docname), self.content_offset, holder)
        return holder.children


def outcome_rows() -> Iterator[str]:
    """Each outcome with the exercises that test it."""
    yield from ("| outcome | the student can | exercises |", "|---|---|---|")
    for name, outcome in OUTCOMES.items():
        yield f"| {name} | {outcome.text} | {', '.join(map(role, outcome.exercises))} |"


def exam_rows() -> Iterator[str]:
    """Each exercise of an exam: what it tests, how long it takes, and a point for each value."""
    yield from ("| exercise | title | outcomes | minutes | points |", "|---|---|---|--:|--:|")
    for label, minutes in EXAM.items():
        one = exercise(label)
        yield f"| {role(label)} | {one.title} | {', '.join(outcomes_of(label))} | {minutes} | {len(page.asked(one))} |"


def role(label: str) -> str:
    """A link to an exercise: 7.3."""
    number, k = label.split(".")
    return f"{{ref}}`{int(number)}.{k} <{anchor(label)}>`"


class Overview(SphinxDirective):
    """`{practice-list}`, all exercises with their places, or `{practice-mixed}`, what the practice page draws from."""

    def run(self) -> list[nodes.Node]:
        """A place to be filled when all pages are read."""
        for path in [*ROOM.glob("*.*"), *ROOM.glob("bank/*.py")]:
            self.env.note_dependency(str(path))
        self.env.metadata[self.env.docname]["practice"] = self.name
        return [overview(kind=self.name)]


class overview(nodes.General, nodes.Element):
    """Stands where the exercises of all pages go."""


def standing(env: Any) -> dict[str, Any]:
    """The exercises that stand in a page, by their labels, in order: what sphinx-exercise knows of them."""
    found = getattr(env, "sphinx_exercise_registry", {})
    return {f"{m[1]}.{m[2]}": found[name] for name in sorted(found, key=in_order) if (m := NAME.fullmatch(name))}


def in_order(name: str) -> list[int]:
    """ex-07-10 after ex-07-9."""
    return [int(number) for number in re.findall(r"\d+", name)]


class FillOverviews(SphinxPostTransform):
    """Put the exercises where they are asked for, before references are resolved."""

    default_priority = 4

    def run(self, **kwargs: Any) -> None:
        """Fill each place of the page."""
        for place in list(self.document.findall(overview)):
            found = standing(self.env)
            place.replace_self(self.listed(found) if place["kind"] == "practice-list" else self.mixed(found))
            self.env.get_domain("math").data["has_equations"][self.env.docname] = True

    def listed(self, found: dict[str, Any]) -> list[nodes.Node]:
        """Chapter by chapter: number, title, kind and outcomes of each exercise."""
        out: list[nodes.Node] = []
        for page_name in dict.fromkeys(one["docname"] for one in found.values()):
            mine = {label: one for label, one in found.items() if one["docname"] == page_name}
            out.append(nodes.rubric("", f"{int(min(mine)[:2])}. {self.env.titles[page_name].astext()}"))
            lines = nodes.bullet_list()
            for label, one in mine.items():
                kind = nodes.emphasis("", type(exercise(label)).__name__.lower())
                tests = nodes.Text(f" ({', '.join(outcomes_of(label))})")
                line = nodes.paragraph("", "", self.link(label, one), nodes.Text(" "), *title(one), nodes.Text(", "), kind, tests)
                lines += nodes.list_item("", line)
            out.append(lines)
        return out

    def link(self, label: str, one: dict[str, Any]) -> nodes.reference:
        """To where the exercise stands."""
        numbers = self.env.toc_fignumbers.get(one["docname"], {}).get("exercise", {})
        number = ".".join(map(str, numbers[anchor(label)]))
        uri = self.app.builder.get_relative_uri(self.env.docname, one["docname"])
        return nodes.reference("", f"Exercise {number}", internal=True, refuri=f"{uri}#{anchor(label)}")

    def mixed(self, found: dict[str, Any]) -> list[nodes.Node]:
        """The chapters to tick, and each exercise with a box, to be taken out into its chapter's script."""
        kinds = {label: exercise(label) for label in found}
        own = {label: found[label] for label, one in kinds.items() if isinstance(one, Numbers | Choice | Clinic)}
        chapters = {label[:2]: self.env.titles[one["docname"]].astext() for label, one in own.items()}
        out: list[nodes.Node] = [nodes.raw("", page.desk(chapters), format="html")]
        for label, one in own.items():
            rules = escape(json.dumps(page.rules_of(kinds[label], label)))
            out.append(nodes.raw("", f'<template data-exercise="{label}" data-rules="{rules}">', format="html"))
            out.append(nodes.paragraph("", "", self.link(label, one), nodes.Text(" "), *title(one)))
            out += self.copied(one["node"])
            out.append(nodes.raw("", "<details><summary>Solution</summary>", format="html"))
            out += self.copied(self.env.sphinx_exercise_registry[anchor(label, "sol")]["node"])
            out.append(nodes.raw("", "</details></template>", format="html"))
        return out

    def copied(self, node: nodes.Element) -> list[nodes.Node]:
        """What an exercise or a solution holds, for this page: references start here, and none leads to the fold at home."""
        node = node.deepcopy()
        for reference in node.findall(addnodes.pending_xref):
            reference["refdoc"] = self.env.docname
        for box in list(node.findall(nodes.raw)):
            box.replace_self(nodes.raw("", TO_SOLUTION.sub("", box.astext()), format="html"))
        return node[-1].children


def title(one: dict[str, Any]) -> list[nodes.Node]:
    """The title of an exercise."""
    return list(one["node"][0][-1].deepcopy().children)


def told(env: Any, pages: list[str]) -> list[tuple[str, str, str]]:
    """Name, page and content of the exercises and solutions that stand in these pages, in their order."""
    found = getattr(env, "sphinx_exercise_registry", {}).items()
    return [(name, one["docname"], one["node"].pformat()) for name, one in found if one["docname"] in pages]


def remember(app: Any, env: Any, docnames: list[str]) -> None:
    """What stands in the pages that will be read again."""
    app.exercises_before = docnames, told(env, docnames)


def overviews(app: Any, env: Any) -> list[str]:
    """These pages are written again when an exercise has changed."""
    docnames, before = app.exercises_before
    return sorted(name for name, kinds in env.metadata.items() if "practice" in kinds) if told(env, docnames) != before else []


def chapters_of(doctree: nodes.document | None) -> set[str]:
    """The chapters whose exercises stand in a page; one that a notebook shows brings its own script."""
    found = doctree.findall(nodes.raw) if doctree is not None else ()
    return {number for node in found for number in re.findall(r'class="bp-practice" data-exercise="(\d\d)\.', node.astext())}


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
    app.add_js_file(write(app, "practice.js", page.runtime()), loading_method="defer")
    if context["meta"] and context["meta"].get("practice") == "practice-mixed":
        app.add_js_file(write(app, "mixed.js", page.mixed()), loading_method="defer")
        sets: dict[str, dict[str, Any]] = {}
        for label, rules, text in BOXED.findall(context["body"]):
            sets.setdefault(label[:2], {})[label] = json.loads(unescape(rules)), text
        for number, told in sets.items():
            write(app, f"set-{number}.js", f"bpPractice.put({json.dumps(told, ensure_ascii=False)});\n")
        context["body"] = BOXED.sub("", context["body"])
        return
    for number in sorted(numbers):
        data = page.data(labels(int(number)), functools.partial(formulas.typeset, app, place=f"exercises of chapter {number}"))
        app.add_js_file(write(app, f"{number}.js", data), loading_method="defer")


def setup(app: Any) -> dict[str, bool]:
    """The directives, and the scripts of the pages that use them."""
    app.add_directive("practice", Practice)
    app.add_directive("practice-right", Right)
    app.add_directive("practice-list", Overview)
    app.add_directive("practice-mixed", Overview)
    app.add_directive("practice-outcomes", ForTeachers)
    app.add_directive("practice-exam", ForTeachers)
    app.add_node(overview)
    app.add_post_transform(FillOverviews)
    app.connect("env-before-read-docs", remember)
    app.connect("env-updated", overviews)
    app.connect("html-page-context", scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
