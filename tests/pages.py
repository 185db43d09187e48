"""The book's pages as notebooks: their prose, and the numbers that they compute."""

import itertools
import multiprocessing
import os
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

import matplotlib
import nbformat
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "book").glob("*.md"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=ticks)[ ]*$", re.M | re.S)
# A minus belongs to a number that it touches, unless it also touches what stands before: 4-4-2, 0.5-0.2.
NUMBER = re.compile(r"(?P<sign>(?<![\w.)}\]%])[-+])?(?<![\w.])\d+(?:\.\d+)?(?:e[-+]?\d+)?")
POWER_OF_TEN = re.compile(r"\s*\\(?:times|cdot)\s*10\^\{?(-?\d+)\}?")
# What is numbered is not counted: chapter 3, weeks 5 and 6, source 003.
NUMBERED = re.compile(
    r"\b(?:chapter|section|notebook|source|week|issue|Python|float|int)s?\s+\d+(?:(?:,| and| to| or|, and)\s*\d+)*", re.I
)
CODE = re.compile(r"`[^`]*`|\\\w+")
SHAPE = re.compile(r"\b\d+(?:-\d+)+\b")
SCRIPT = re.compile(r"\d*\s*[_^](?:\{[^{}]*\}|\w)")
FRACTION = re.compile(r"\\[td]?frac\s*(?:\d|\{\d+\})\s*(?:\d|\{\d+\})")
TABLE_OF_CHAPTERS = re.compile(r"^\|.*chapter.*\n(?:\|.*\n)*", re.M | re.I)
SUM = re.compile(r"(?<![\w^}])([\d\s.()+\-*]+)=\s*(-?\d+(?:\.\d+)?)")


def read(path: Path) -> nbformat.NotebookNode:
    """The page as a notebook; a page without code is one Markdown cell."""
    if path.suffix == ".ipynb":
        return nbformat.read(path, as_version=4)
    text = path.read_text(encoding="utf-8")
    return read_myst_markdown_notebook(text, MdParserConfig(enable_extensions={"dollarmath"}), add_source_map=False)


def execute(path: Path) -> nbformat.NotebookNode:
    """The page with fresh outputs; a failing cell raises. To be called once in a process: it stays in the page's folder."""
    notebook = read(path)
    os.chdir(path.parent)
    shell, shown = InteractiveShell.instance(), []

    def show(result: object) -> None:
        if result is not None and not shell.displayhook.quiet():
            shown.append(shell.display_formatter.format(result)[0])

    shell.display_trap.hook = show  # the shell's own prints "Out[1]: …"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            with capture_output() as captured:
                shell.run_cell(cell.source, store_history=True).raise_error()
            shown += [output.data for output in captured.outputs]
            # Of a bar of progress, what it leaves on the screen.
            text = re.sub(r"[^\n]*\r(?!\n)", "", f"{captured.stdout}\n{captured.stderr}")
            cell.outputs = [{"text": text}, *({"data": data} for data in shown)]
            shown.clear()
    return nbformat.from_dict(notebook)


def executed_chapters() -> dict[str, nbformat.NotebookNode]:
    """Every chapter by its name, run from top to bottom, two at a time.

    Each in a process of its own, forked from one that has loaded what they need: to start a kernel takes longer than to run a
    page. Not forked from this one, which may have threads: a lock that one of them holds would never open in the child.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["IPython.core.interactiveshell", "bpcourse.explore", "bpcourse.figures", "myst_nb.core.read"])
    with context.Pool(2, matplotlib.use, ["Agg"], maxtasksperchild=1) as pool:
        return {path.name: run for path, run in zip(CHAPTERS, pool.map(execute, CHAPTERS, chunksize=1))}


def prose(notebook: nbformat.NotebookNode) -> str:
    """The page's sentences and captions, without code, links and citation keys."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = FENCE.sub(lambda fence: fence["body"] if fence["info"].startswith("{") else "", cell.source)
            text = re.sub(r"\{(cite|doc|numref|ref|eq)(:t)?\}`[^`]*`|\]\([^)]*\)|https?://\S+|doi:\S+", " ", text)
            parts.append(text)
        else:
            parts.append(cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", ""))
    return "\n".join(parts)


def written(notebook: nbformat.NotebookNode) -> list[str]:
    """The decimal numbers of two or more significant digits in the prose, with their signs; 6.4 × 10⁻³ as 6.4e-3."""
    text = POWER_OF_TEN.sub(r"e\1", plain(prose(notebook)))
    numbers = [match[0].lstrip("+") for match in NUMBER.finditer(text) if not re.match(r"\w*\.\d", text[match.end() :])]
    return [n for n in numbers if "." in n and len(n.partition("e")[0].lstrip("-0.").replace(".", "")) >= 2]


def counted(notebook: nbformat.NotebookNode) -> list[str]:
    """The whole numbers of two or more digits in the prose that say how many, "about" or "more than" before them kept.

    Left out are names (chapter 15, 4-4-2, code), indices, powers and fractions, and what *Your turn* tells to set.
    """
    text = plain(prose(notebook)).partition("\n## Your turn")[0]
    for names in TABLE_OF_CHAPTERS, FRACTION, CODE, NUMBERED, SHAPE, SCRIPT:
        text = names.sub(" _ ", text)
    return [match[0] for match in re.finditer(r"(?:\b(?:about|more than)\s+)?(?<![\w.^_/-])-?\d\d+(?![.]\d|\w|/)", text)]


def sums(notebook: nbformat.NotebookNode) -> set[Decimal]:
    """What stands behind the equals sign of the sums and products of numbers in the prose that are right."""
    text = plain(prose(notebook)).replace("\\cdot", "*")
    return {Decimal(right) for left, right in SUM.findall(text) if is_right(left, right)}


def plain(text: str) -> str:
    """Text with 12,345 as digits, 12{,}345 too, and one kind of minus."""
    return re.sub(r"(?<=\d),(?=\d{3}\b)", "", text.replace("{,}", ",")).replace("−", "-")


def is_right(left: str, right: str) -> bool:
    """Whether a sum of products of numbers, as it stands in the prose, is this number to its last digit."""
    if re.search(r"[\d.)]\s*\(|\)\s*[\d.]", left):
        return False
    try:
        value = eval(left)
    except (SyntaxError, TypeError):
        return False
    return isinstance(value, int | float) and is_among(right, {Decimal(repr(value))})


def sizes(notebook: nbformat.NotebookNode) -> set[Decimal]:
    """Units, weights and biases, layer by layer and in all, of the networks that a page names, such as 4-4-2."""
    found = set()
    for shape in SHAPE.findall(prose(notebook)):
        units = [int(n) for n in shape.split("-")]
        weights = [a * b for a, b in itertools.pairwise(units)]
        found |= {*units, *weights, sum(weights), sum(units[1:]), sum(weights) + sum(units[1:])}
    return {Decimal(n) for n in found}


def in_code(notebook: nbformat.NotebookNode) -> set[Decimal]:
    """The numbers that the page's code cells are given."""
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return {Decimal(match[0]) for match in NUMBER.finditer(re.sub(r"(?<=\d)_(?=\d)", "", code))}


def printed(notebook: nbformat.NotebookNode) -> set[Decimal]:
    """The numbers that the page's code cells print or write into pictures."""
    texts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            texts.append(output.get("text", ""))
            data = output.get("data", {})
            texts.append(data.get("text/plain", ""))
            html = re.sub(r"<(style|script).*?</\1>", " ", data.get("text/html", ""), flags=re.S)
            texts.append(re.sub(r"<[^>]*>", " ", html))
    return {Decimal(match[0]) for match in NUMBER.finditer(plain(" ".join(texts)))}


def is_among(number: str, numbers: set[Decimal]) -> bool:
    """Whether a number, as written, is one of these, rounded to its decimals."""
    wanted = Decimal(number)
    place = Decimal(1).scaleb(wanted.as_tuple().exponent)

    def fits(n: Decimal) -> bool:
        try:
            return n.quantize(place, ROUND_HALF_UP) == wanted and n.as_tuple().exponent <= wanted.normalize().as_tuple().exponent
        except InvalidOperation:
            return False

    return any(fits(n) for n in numbers)


def is_about(number: str, numbers: set[Decimal]) -> bool:
    """Whether a whole number is one of these; "about 690" is any that rounds to it in tens, "more than 690" 690 to 699.9."""
    *how, digits = number.split()
    wanted = Decimal(digits)
    unit = Decimal(10) ** (len(digits) - len(digits.rstrip("0")))
    if not how:
        return wanted in numbers
    low = wanted - unit / 2 if how == ["about"] else wanted
    return any(low <= n < low + unit for n in numbers)
