"""The book's own search: what stands in it, sentence by sentence, in one script that a page loads on the first search.

Sphinx's index cuts w²₁₂ into letters and knows no sentence. This one holds the sentences themselves, formulas as one line
of text (`tex_as_text`), under the chapter and the section where they stand; `find.js` reads both them and what a reader
types in the same way. It is a script, since from a folder nothing can be fetched.
"""

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from tex_as_text import as_text

INDEX = "_static/find-index.js"
SILENT = nodes.raw | nodes.comment | nodes.image | addnodes.toctree | addnodes.index | addnodes.pending_xref_condition
BLOCKS = (
    nodes.paragraph | nodes.math_block | nodes.caption | nodes.rubric | nodes.row | nodes.term | nodes.attribution | nodes.line
)
SENTENCE = re.compile(r"(?<=[.?!:])\s+(?=[A-Z„“\"(∂])")
Entry = tuple[str, str, list[str]]
"""An anchor, the title that stands there, the sentences below it."""


def text_of(node: nodes.Node) -> str:
    """What a reader sees of it, in one line."""
    return " ".join(pieces(node).split())


def pieces(node: nodes.Node) -> str:
    """The same, with the spaces as they stand."""
    if isinstance(node, SILENT):
        return ""
    if isinstance(node, nodes.math | nodes.math_block):
        return as_text(node.astext())
    if isinstance(node, nodes.Text):
        return node.astext()
    between = "; " if isinstance(node, nodes.row) else " " if isinstance(node, nodes.entry) else ""
    return between.join(filter(None, map(pieces, node.children)))


def sentences(node: nodes.Node) -> list[str]:
    """The text of a paragraph or a row of a table, cut behind full stops."""
    text = text_of(node)
    return [part for part in ([text] if isinstance(node, nodes.row) else SENTENCE.split(text)) if re.search(r"\w", part)]


class Reader:
    """Goes through a page and collects its entries."""

    def __init__(self, numbers: dict[str, tuple[int, ...]]):
        self.numbers, self.here = numbers, ("", "", [])
        self.entries: list[Entry] = [self.here]

    def enter(self, anchor: str, title: str) -> None:
        """What follows stands below this title."""
        self.here = (anchor, title, [])
        self.entries.append(self.here)

    def read(self, node: nodes.Node) -> None:
        """Collect what a node holds."""
        kind = type(node).__name__
        if isinstance(node, SILENT | nodes.Text | nodes.title | nodes.literal_block) or "solution" in node["classes"]:
            return
        if isinstance(node, BLOCKS):
            self.here[2].extend(sentences(node))
            return
        outer, inside = self.here, node.children
        if kind.startswith("exercise") and node["ids"]:
            self.enter(node["ids"][0], text_of(node[0]))
            first = next(node[-1].findall(nodes.paragraph), None)
            self.here[2].extend(sentences(first)[:1] if first else [])  # what is asked follows there
            inside = []
        elif isinstance(node, nodes.section) and isinstance(node[0], nodes.title) and not isinstance(node.parent, nodes.document):
            number = ".".join(map(str, self.numbers.get(f"#{node['ids'][0]}") or ()))
            self.enter(node["ids"][0], f"{number}. {text_of(node[0])}" if number else text_of(node[0]))
        elif isinstance(node, addnodes.desc):
            signature, content = node[0], node[-1]
            self.enter(signature["ids"][0] if signature["ids"] else "", signature.get("fullname") or signature.astext())
            inside = [one for one in content if isinstance(one, addnodes.desc)]
            if len(content) and isinstance(content[0], nodes.paragraph):
                self.here[2].extend(sentences(content[0])[:1])  # the rest is for those who read there
        elif isinstance(node, nodes.definition_list_item) and node[0]["ids"]:
            self.enter(node[0]["ids"][0], text_of(node[0]))
            inside = node[1:]
        for child in inside:
            self.read(child)
        self.here = outer


def record(app: Any, pagename: str) -> Path:
    """Where the entries of a page are kept between builds: only changed pages are written again."""
    return Path(app.doctreedir, "find", f"{pagename}.json")


def keep(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Read a page that is being written."""
    if doctree is None or app.builder.name != "html":
        return
    numbers = app.env.toc_secnumbers.get(pagename, {})
    reader = Reader(numbers)
    elsewhere = "practice" in app.env.metadata[pagename] or next(doctree.findall(nodes.citation), None)
    if not elsewhere:  # exercises are found where they stand, books and papers where they are cited
        reader.read(doctree)
    number = ".".join(map(str, numbers.get("") or ()))
    title = text_of(app.env.titles[pagename])
    kind = (
        "notebook"
        if app.env.doc2path(pagename).endswith(".ipynb")
        else "code"
        if next(doctree.findall(addnodes.desc), None)
        else ""
    )
    entries = [(anchor, heading, "\n".join(texts)) for anchor, heading, texts in reader.entries if heading or texts]
    told = [app.builder.get_target_uri(pagename), f"{number}. {title}" if number else title, kind, entries]
    path = record(app, pagename)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def pages_in_order(env: Any) -> list[str]:
    """As the table of contents has them."""
    order, waiting = [], [env.config.root_doc]
    while waiting:
        page = waiting.pop()
        if page not in order:
            order.append(page)
            waiting += reversed(env.toctree_includes.get(page, []))
    return [*order, *sorted(env.found_docs - set(order))]


def write_index(app: Any, exception: Exception | None) -> None:
    """All pages of the book in one script."""
    if exception or app.builder.name != "html":
        return
    records = [record(app, page) for page in pages_in_order(app.env)]
    pages = ",\n".join(path.read_text(encoding="utf-8") for path in records if path.exists())
    Path(app.outdir, INDEX).write_text(f"window.findIndex = [\n{pages}\n];\n", encoding="utf-8")


def replace_sphinx(app: Any) -> None:
    """No index of Sphinx's; the page of the search is written all the same."""
    if app.builder.name == "html":
        app.builder.search = False
        app.config.html_additional_pages["search"] = "search.html"


def setup(app: Any) -> dict[str, bool]:
    """Listen when pages are written."""
    app.connect("builder-inited", replace_sphinx)
    app.connect("html-page-context", keep)
    app.connect("build-finished", write_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
