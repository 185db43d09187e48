"""The bibliography's entries as items of a list: docutils gives them a role that ARIA has withdrawn."""

from typing import Any

from docutils import nodes
from sphinx.writers.html5 import HTML5Translator


def visit(self: HTML5Translator, node: nodes.Element) -> None:
    """As docutils opens an entry, with the role that its list wants."""
    HTML5Translator.visit_citation(self, node)
    self.body[-1] = self.body[-1].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app: Any) -> dict[str, bool]:
    """Entries are written so."""
    app.add_node(nodes.citation, override=True, html=(visit, HTML5Translator.depart_citation))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
