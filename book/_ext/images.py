"""Every picture of a file says how large it is, so that nothing moves when it comes, and comes when the reader is near it.

Those of a notebook, which Jupyter stores without a text, get one: what the code above writes on them.
"""

import re
import struct
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat

IMAGE = re.compile(r'<img (?![^>]*\swidth=)([^>]*?)src="([^"]*_images/([^"/]+\.png))"')
ALT = re.compile(r'alt="[^"]*" ')
WRITTEN = re.compile(r'\b(x|y)?(?:set_)?(label|title)(?:=|\()f?"([^"{]+)"')
PLACES = {("x", "label"): "across, {}", ("y", "label"): "up, {}", ("", "label"): "{}", ("", "title"): "titled {}"}


def size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG: the first two numbers of its first chunk."""
    with path.open("rb") as file:
        return struct.unpack(">16xII", file.read(24))


def texts(path: Path) -> Iterator[str]:
    """Of each picture in a notebook, in order: what its code writes on it."""
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                written = dict.fromkeys(PLACES[axis, kind].format(words) for axis, kind, words in WRITTEN.findall(cell.source))
                yield escape(": ".join(["What the code above draws", *filter(None, ["; ".join(written).replace("$", "")])]))


def describe(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Write size and text into each `<img>` of the page."""
    files = {name: path for path, name in app.builder.images.items()}
    source = app.env.doc2path(pagename) if doctree is not None else ""
    told = texts(Path(source)) if source.endswith(".ipynb") else iter(())

    def described(match: re.Match[str]) -> str:
        width, height = size(Path(app.srcdir, files[unquote(match[3])]))
        text = next(told, None)
        before = match[1] if text is None else ALT.sub("", match[1]) + f'alt="{text}" '
        return f'<img {before}src="{match[2]}" width="{width}" height="{height}" loading="lazy"'

    if "body" in context:
        context["body"] = IMAGE.sub(described, context["body"])


def setup(app: Any) -> dict[str, bool]:
    """When a page is written."""
    app.connect("html-page-context", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
