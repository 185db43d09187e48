"""A chapter can be left out: take its lines out of `_toc.yml`, and the rest of the book builds.

Chapters keep the numbers of their files, so that "chapter 15" in a sentence stays true. A reference to something on a
page that is left out becomes plain text.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util import docname_join
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles as Collector

from bpcourse.language import tr

NUMBERED = re.compile(r"(?:.*/)?(\d+)-[^/]*")
HEADING = re.compile(r"^(?:#+ |\s*\"#+ )(.*?)(?:\\n)?\"?,?$", re.M)


def file_number(page: str) -> int | None:
    """15 for `book/15-when-gradients-go-wrong`."""
    match = NUMBERED.fullmatch(page)
    return int(match[1]) if match else None


def heading(text: str) -> str:
    """The first heading of a page or a notebook, without markup."""
    return re.sub(r"[*`]", "", HEADING.search(text)[1])


def number_as_the_files(env: Any) -> None:
    """Give each chapter the number of its file, or the one after the last, and what lies below it the same."""
    chapters = sorted((own[0], page) for page, inside in env.toc_secnumbers.items() if (own := inside.get("")) and len(own) == 1)
    new, last = {}, 0
    for position, page in chapters:
        new[position] = last = file_number(page) or last + 1

    def renumbered(number: Any) -> Any:
        return number and type(number)([new[number[0]], *number[1:]])

    for page, inside in env.toc_secnumbers.items():
        env.toc_secnumbers[page] = {anchor: renumbered(number) for anchor, number in inside.items()}
        for node in [*env.tocs[page].findall(nodes.reference), env.titles[page]]:
            if "secnumber" in node:
                node["secnumber"] = renumbered(node["secnumber"])


def number_chapters() -> None:
    """Let the numbers of the files stand in the place of those that were counted."""
    count = Collector.assign_section_numbers

    def assign_section_numbers(self: Collector, env: Any) -> list[str]:
        old = env.toc_secnumbers
        count(self, env)
        number_as_the_files(env)
        return [page for page, inside in env.toc_secnumbers.items() if inside != old.get(page)]

    Collector.assign_section_numbers = assign_section_numbers


def left_out_pages(env: Any) -> dict[str, str]:
    """Name and text of every page beside those of the book that is not in it."""
    folders = {Path(env.doc2path(page)).parent for page in env.found_docs}
    paths = [path for folder in folders for path in folder.iterdir() if path.suffix in env.config.source_suffix]
    pages = {path.relative_to(env.srcdir).with_suffix("").as_posix(): path for path in sorted(paths)}
    return {page: path.read_text(encoding="utf-8") for page, path in pages.items() if page not in env.found_docs}


def in_words(app: Any, env: Any, node: Any, shown: Any) -> Any:
    """A reference to a page that is left out, or to what it holds, as words; None if there is no such page."""
    target, kind = node["reftarget"], node["reftype"]
    exercise = re.sub(r"^(?:ex|sol)-(\d+)-(\d+)$", r"```{practice} \1.\2", target)
    holds = re.compile(rf"(?:label|name): {re.escape(target)}$|^\({re.escape(target)}\)=|^{re.escape(exercise)}$", re.M)
    for page, text in left_out_pages(env).items():
        if kind == "doc" and page == docname_join(node["refdoc"], target):
            return shown if node["refexplicit"] else nodes.inline("", tr(heading(text)))
        if kind != "doc" and holds.search(text):
            number = file_number(page)
            place = tr("chapter {number}").format(number=number) if number else heading(text)
            if kind == "numref":
                kinds = {"tab": env.config.numfig_format["table"], "ex": tr("Exercise %s"), "sol": tr("Solution of exercise %s")}
                shown_as = kinds.get(target.partition("-")[0], env.config.numfig_format["figure"])
                return nodes.inline("", shown_as % f"({place})")
            return nodes.inline("", f"({place})") if kind == "eq" else shown
    return None


def setup(app: Any) -> dict[str, bool]:
    """Number the chapters, and answer where Sphinx finds nothing."""
    number_chapters()
    app.connect("missing-reference", in_words)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
