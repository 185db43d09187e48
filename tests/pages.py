"""The book's pages as notebooks: their prose, and the numbers that they compute."""

import re
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

import nbformat
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "book").glob("*.md"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?![\w]*\.\d)")
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=ticks)[ ]*$", re.M | re.S)
ANY_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def read(path: Path) -> nbformat.NotebookNode:
    """The page as a notebook; a page without code is one Markdown cell."""
    if path.suffix == ".ipynb":
        return nbformat.read(path, as_version=4)
    text = path.read_text(encoding="utf-8")
    return read_myst_markdown_notebook(text, MdParserConfig(enable_extensions={"dollarmath"}), add_source_map=False)


def execute(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """The notebook with fresh outputs; a failing cell raises."""
    notebook = nbformat.from_dict(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def executed_chapters() -> dict[str, nbformat.NotebookNode]:
    """Every chapter by its name, run from top to bottom, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        runs = pool.map(lambda path: execute(read(path), path.parent), CHAPTERS)
        return {path.name: run for path, run in zip(CHAPTERS, runs)}


def prose(notebook: nbformat.NotebookNode) -> str:
    """The page's sentences and captions, without code, links and citation keys."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = FENCE.sub(lambda fence: fence["body"] if fence["info"].startswith("{") else "", cell.source)
            text = re.sub(r"\{(cite|doc|numref|eq)(:t)?\}`[^`]*`|\]\([^)]*\)|https?://\S+|doi:\S+", " ", text)
            parts.append(text)
        else:
            parts.append(cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", ""))
    return "\n".join(parts)


def written(notebook: nbformat.NotebookNode) -> list[str]:
    """The decimal numbers of three or more significant digits in the prose."""
    text = prose(notebook).replace("{,}", "").replace("−", "-")
    return [n for n in NUMBER.findall(text) if len(n.replace(".", "").lstrip("0")) >= 3]


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
    return {Decimal(n) for n in ANY_NUMBER.findall(" ".join(texts).replace(",", ""))}


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
