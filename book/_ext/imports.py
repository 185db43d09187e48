"""A folded cell that imports says so, since the visible cells below it run only after it."""

import re
from typing import Any

from docutils import nodes

PROMPT = "Show the imports that the cells of this page need"


def name_imports(app: Any, page: nodes.document) -> None:
    """Change what is written on the fold."""
    for cell in page.findall(nodes.container):
        if "prompt_show" in cell and re.match("import |from ", next(cell.findall(nodes.literal_block)).astext()):
            cell["prompt_show"] = PROMPT


def setup(app: Any) -> dict[str, bool]:
    """Run when a page is read, before MyST-NB folds its cells."""
    app.connect("doctree-read", name_imports)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
