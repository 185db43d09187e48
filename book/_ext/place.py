"""Before a chapter: its place in the book, the time that it takes, what it needs; before a notebook, its chapter.

Nothing of it is written twice: places come from `_toc.yml`, the time from what stands on the page, the needs from the
table on the page for teachers.
"""

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from left_out import file_number

WORDS_A_MINUTE = 200
SECONDS = {nodes.math: 2, nodes.math_block: 20, nodes.literal_block: 20, nodes.image: 20, nodes.table: 20}
"""How long a reader looks at what is no sentence, about."""
MINUTES_AN_EXERCISE = 4
ROUNDED_TO = 5


def seconds(node: nodes.Node) -> float:
    """How long it takes to read, without the exercises."""
    if isinstance(node, nodes.Text):
        return len(node.split()) * 60 / WORDS_A_MINUTE
    if isinstance(node, nodes.raw):
        return SECONDS[nodes.image] if "<svg" in node.astext() else 0
    if type(node).__name__.startswith(("exercise", "solution")):
        return 0
    return SECONDS.get(type(node)) or sum(map(seconds, node.children))


def minutes(time: float) -> int:
    """As readers count them."""
    return max(1, round(time / ROUNDED_TO)) * ROUNDED_TO


def parts(env: Any) -> list[tuple[str, list[str]]]:
    """The parts of the book with their chapters."""
    pages = ((tree.caption, [page for page in tree.files() if file_number(page)]) for tree in env.external_site_map.root.subtrees)
    return [(caption, chapters) for caption, chapters in pages if chapters]


def numbers(text: str) -> list[int]:
    """3, 9, 10 and 11 for "3, 9 to 11"."""
    ends = (list(map(int, re.findall(r"\d+", piece))) for piece in text.split(","))
    return [number for pair in ends if pair for number in range(pair[0], pair[-1] + 1)]


def table_of_needs(env: Any) -> dict[int, list[str]]:
    """Mathematics, Python and earlier chapters that each chapter needs, from the table of these columns."""
    page, found = env.config.needs_page, {}
    for table in env.get_doctree(page).findall(nodes.table) if page in env.found_docs else ():
        head, *rows = ([cell.astext() for cell in row.findall(nodes.entry)] for row in table.findall(nodes.row))
        if head == ["chapter", "mathematics", "Python", "earlier chapters"]:
            for chapters, *needs in rows:
                found |= dict.fromkeys(numbers(chapters), needs)
    return found


def remember_needs(app: Any, env: Any) -> list[str]:
    """Keep the table, and write all chapters again if it has changed."""
    before, env.needs = getattr(env, "needs", None), table_of_needs(env)
    return [page for page in env.found_docs if file_number(page)] if env.needs != before else []


def needed(app: Any, page: str) -> Iterator[list[tuple[str, str | None]]]:
    """What a chapter needs, each as pieces of text with where they lead."""
    *things, earlier = app.env.needs.get(file_number(page), ["none"])
    for thing in things:
        if not thing.startswith("none"):
            yield [(re.sub(r", from \d+ on$", "", thing).replace("explained there", "explained here"), None)]
    if earlier != "none":
        chapters = {file_number(chapter): chapter for _, pages in parts(app.env) for chapter in pages}
        pieces = re.split(r"(\d+)", ("chapters " if re.search(r"\D", earlier) else "chapter ") + earlier)
        there = {str(number): app.builder.get_relative_uri(page, chapter) for number, chapter in chapters.items()}
        yield [(piece, there.get(piece)) for piece in pieces]


def drawn(app: Any, page: str) -> dict[str, Any]:
    """A small map of the parts: a mark for each chapter, where it stands, and whether it is this one or in its part."""
    marks, x = [], 0
    for _, chapters in parts(app.env):
        for chapter in chapters:
            marks.append((x, "here" if chapter == page else "part" if page in chapters else "other"))
            x += 10
        x += 6
    return {"marks": marks, "width": x - 9}


def place(app: Any, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """What chapter-head.html says of the page."""
    site, uri = app.env.external_site_map, app.builder.get_relative_uri
    captions = {chapter: caption for caption, chapters in parts(app.env) for chapter in chapters}
    chapter = next((chapter for chapter in captions if page in site[chapter].child_files()), None)
    if chapter:
        title = app.env.titles[chapter].astext()
        context["place"] = {"number": file_number(chapter), "chapter": title, "link": uri(page, chapter)}
    elif page in captions and doctree is not None:
        registry = getattr(app.env, "sphinx_exercise_registry", {}).values()
        exercises = sum(entry["docname"] == page and entry["type"] == "exercise" for entry in registry)
        context["place"] = {
            "part": captions[page], "number": file_number(page), "last": max(map(file_number, captions)), "map": drawn(app, page),
            "minutes": minutes(seconds(doctree) / 60), "exercises": exercises, "work": minutes(exercises * MINUTES_AN_EXERCISE),
            "needs": list(needed(app, page)),
        }  # fmt: skip


def setup(app: Any) -> dict[str, bool]:
    """Each page is told when it is written."""
    app.add_config_value("needs_page", "", "html")
    app.connect("env-updated", remember_needs)
    app.connect("html-page-context", place)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
