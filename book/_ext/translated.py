"""The words of templates come from `bpcourse.language`, as all others do.

Sentences of a page are translated by Sphinx, from the page's own catalogue. What is left in English is noted in the file
that BPCOURSE_MISSED names: see `tools/translation.py`.
"""

import json
import os
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.util.nodes import extract_messages

from bpcourse.language import WORD, WORDS


def note_english(app: Any, doctree: nodes.document) -> None:
    """Note the sentences of a page that its catalogue does not hold; those of exercises come from the bank."""
    path = os.environ.get("BPCOURSE_MISSED")
    if not path:
        return
    left = [text for node, text in extract_messages(doctree) if not node.get("translated") and not of_no_catalogue(node)]
    with open(path, "a", encoding="utf-8") as file:
        for text in filter(WORD.search, left):
            file.write(json.dumps([app.env.docname, text]) + "\n")


def of_no_catalogue(node: Any) -> bool:
    """Whether the node is a formula, a list of chapters, or stands in an exercise or its solution."""
    if isinstance(node, nodes.math_block | addnodes.toctree):
        return True
    while node is not None and not type(node).__name__.startswith(("exercise", "solution")):
        node = node.parent
    return node is not None


def setup(app: Any) -> dict[str, bool]:
    """Templates ask Sphinx's catalogue first, then ours."""
    app.translator.add_fallback(WORDS)
    app.connect("doctree-read", note_english)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
