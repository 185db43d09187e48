"""What a strict Content-Security-Policy forbids within a page goes into files beside it.

When the pages are written, what stands in their `<style>` blocks and `style` attributes goes into the book's one style sheet,
and each page gets a file for its scripts, whose name tells what is in it. A module becomes a function of its own in a plain
script, since a browser loads no module from a folder; it runs when the page is read, an explorer's when that comes near.
`style-src 'self'; script-src 'self'` is all that a page then needs.
"""

import hashlib
import html
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from one_each import short

FOLDER = "_static/inline"
SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)([^>]*)>(.*?)</script>", re.S)
DATA = re.compile(r'type="(?!module|text/javascript)')
STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.S)
# The second + and *+ : what was read as a name or a value is never tried another way.
ATTRIBUTE = r"""\s+[^\s=<>"']++(?:=(?:"[^"]*+"|'[^']*+'))?"""
OTHER = ATTRIBUTE.replace(r"\s+", r"\s+(?!style=)", 1)
STYLED = re.compile(rf'<([a-zA-Z][\w:-]*+)((?:{OTHER})*+)\s+style="([^"]*)"((?:{ATTRIBUTE})*+\s*/?>)')
CLASS = re.compile(r'\sclass="')
STYLE_ATTRIBUTE = re.compile(r'style="(?<=\sstyle=")')
"""Looked behind for its space: a pattern that begins with a space stops at each."""
EXPLORER = re.compile(r"'(\[data-explorer=\"\w+\"\])'")
KEPT = re.compile(rf"{FOLDER}/([0-9a-f]+\.js)")


def digest(content: str, length: int) -> str:
    """A name for what is in it, the same on every page."""
    return hashlib.sha256(content.encode()).hexdigest()[:length]


def inline(text: str) -> bool:
    """Whether a page has what one that has been through this has no more, but for data."""
    return "<style" in text or bool(STYLE_ATTRIBUTE.search(text) or SCRIPT.search(text))


def without_inline(text: str, root: str) -> tuple[str, list[str], dict[str, str]]:
    """A page without scripts and styles of its own, its rules, and the file of its scripts; `root` leads to the book's folder."""
    files: dict[str, str] = {}
    blocks: dict[str, None] = {}
    scripts: list[str] = []
    values: dict[str, str] = {}

    def script(match: re.Match[str]) -> str:
        attributes, code = match.groups()
        if DATA.search(attributes):
            return match[0]
        # A task of its own: where one fails, the others still run. nudge.js tells an explorer that it is near.
        explorer = EXPLORER.search(code)
        when = f"document.querySelector({explorer[0]}).addEventListener('near', " if explorer else "queueMicrotask("
        scripts.append(f'{when}() => {{\n"use strict";\n{code.strip()}\n}});\n')
        return ""

    def style(match: re.Match[str]) -> str:
        blocks[match[1].strip()] = None
        return ""

    def tag(match: re.Match[str]) -> str:
        element, before, value, after = match.groups()
        name = values.setdefault(html.unescape(value), f"i-{digest(value, 6)}")
        rest = before + after
        with_class = CLASS.sub(f' class="{name} ', rest, count=1) if CLASS.search(rest) else f' class="{name}"{rest}'
        return f"<{element}{with_class}"

    text = STYLED.sub(tag, STYLE.sub(style, SCRIPT.sub(script, text)))
    # A style attribute is stronger than any rule: so the selector has the strength of an id.
    rules = [*blocks, *(f".{name}:not(#_) {{ {value} }}" for value, name in values.items())]
    if scripts:  # in one file, as what explorers share is then packed once
        name = f"{FOLDER}/{digest(''.join(scripts), 12)}.js"
        files[name] = "".join(scripts)
        text = text.replace("</head>", f'<script defer src="{root}{name}"></script>\n</head>', 1)
    return text, rules, files


def finish(app: Any, exception: Exception | None) -> None:
    """Take what is inline out of the pages that were written, and remove the files that no page names any more.

    Of a page of an earlier build, the rules are kept by what it says.
    """
    if exception or app.builder.format != "html":
        return
    folder, named, record = Path(app.outdir), set(), Path(app.doctreedir, "styles.json")
    before = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    kept: dict[str, list[str]] = {}
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for page in sorted(folder.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        rules = before.get(digest(text, 32), [])
        if inline(text):
            text, rules, files = without_inline(text, "../" * (len(page.relative_to(folder).parts) - 1))
            for name, content in files.items():
                (folder / name).write_text(content, encoding="utf-8")
            page.write_text(text, encoding="utf-8")
        named |= set(KEPT.findall(text))
        kept[digest(text, 32)] = rules
    record.write_text(json.dumps(kept), encoding="utf-8")
    add(folder / "_static" / "book.css", dict.fromkeys(rule for rules in kept.values() for rule in rules))
    for file in (folder / FOLDER).iterdir():
        if file.name not in named:
            file.unlink()


def add(sheet: Path, rules: Iterable[str]) -> None:
    """Write at a style sheet's end what does not stand in it yet."""
    known = sheet.read_text(encoding="utf-8")
    new = "\n".join(rule for rule in (short("css", rule) for rule in rules) if rule not in known)
    sheet.write_text(f"{known}\n{new}\n", encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """After all else that changes pages."""
    app.connect("build-finished", finish, 900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
