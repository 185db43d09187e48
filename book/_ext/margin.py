"""Notes in the margin, where the screen has one: what a term means and what a citation names, beside where it first stands.

A note stands before its paragraph and floats. Formulas on their own, pictures and explorers use the margin, too, so a note is
placed only where the text beside it is long enough, by an estimate of lines. Where there is no margin or no room, a term has its
popover all the same (`terms.py`), and a citation its link.
"""

import math
from collections.abc import Iterator
from html import escape
from typing import Any

import terms
from docutils import nodes
from find import text_of
from sphinx.transforms.post_transforms import SphinxPostTransform

TEXT, NOTE = 70, 40
"""Letters on a line of each, on the narrowest screen that has notes."""
NOTE_LINE, BETWEEN = 0.7, 0.6
"""The height of a line of a note and the distance of two blocks, in lines of the text."""
BESIDE_TEXT = nodes.paragraph | nodes.bullet_list | nodes.enumerated_list | nodes.definition_list


def lines(block: nodes.Node) -> float:
    """How many lines of text a block takes, about; 0 for one that may need the margin itself."""
    if isinstance(block, nodes.raw | nodes.target | nodes.comment):
        return 0 if "<svg" in block.astext() else 1e-9
    if not isinstance(block, BESIDE_TEXT) or next(block.findall(nodes.math_block), None):
        return 0
    parts = [block] if isinstance(block, nodes.paragraph) else list(block.findall(nodes.paragraph)) or [block]
    return sum(math.ceil(len(text_of(part)) / TEXT) for part in parts) + BETWEEN


def notes(app: Any, block: nodes.Element) -> Iterator[tuple[str, str, int]]:
    """Of the terms in a block, then of the citations: an address, the note as HTML, the number of its letters."""
    links = list(block.findall(nodes.reference))
    for address in (link.get("refuri", "") for link in links):
        anchor = address.partition("#")[2]
        if anchor.startswith("term-") and (item := terms.entry(app, anchor)):
            term, name = item[0].astext(), anchor.removeprefix("term-")
            told = f'id="def-{name}" popover="manual" role="note" data-term="{escape(term)}">{terms.definition(app, anchor)}'
            yield address, f'<div class="definition beside" {told}</div>', len(term) + len(text_of(item[-1]))
    for link in links:
        if "bibtex-citation" in link.parent["classes"] and (title := link.get("reftitle")):
            yield link["refuri"], f'<div class="beside source" aria-hidden="true">{escape(title)}</div>', len(title)


class Notes(SphinxPostTransform):
    """After references are resolved."""

    default_priority = 950
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Place the notes of each section."""
        if self.app.builder.name != "html" or self.env.docname == self.config.root_doc:
            return
        noted: set[str] = set()
        for section in list(self.document.findall(nodes.section)):
            self.place(section, noted)

    def place(self, section: nodes.section, noted: set[str]) -> None:
        """Go down the blocks with the line where each begins, and the line where the last note ends."""
        blocks = section.children[:]
        told = [list(notes(self.app, block)) if isinstance(block, BESIDE_TEXT) else [] for block in blocks]
        if not any(told):
            return
        heights = [lines(block) for block in blocks]
        top = bottom = 0.0
        for i, block in enumerate(blocks):
            if not heights[i]:
                top = bottom = 0.0
                continue
            stop = heights.index(0, i) if 0 in heights[i:] else len(heights)
            end = top + sum(heights[i:stop]) - BETWEEN
            for address, note, letters in told[i]:
                begin = max(top, bottom)
                after = begin + math.ceil(letters / NOTE) * NOTE_LINE + BETWEEN
                if address not in noted and after - BETWEEN <= end:
                    section.insert(section.index(block), nodes.raw("", note, format="html"))
                    noted.add(address)
                    bottom = after
            top += heights[i]


def setup(app: Any) -> dict[str, bool]:
    """Add the transform."""
    app.add_post_transform(Notes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
