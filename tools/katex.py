"""Bring a version of KaTeX into the book, its fonts cut down to what formulas need: `python tools/katex.py FOLDER`.

FOLDER is KaTeX's package as npm unpacks it (`npm pack katex`). The fonts keep letters, digits, the signs below, and whatever
stands in a page of the built book; a test says when a formula needs more (tests/browser/test_formulas.py).
"""

import shutil
import string
import sys
from pathlib import Path

from fontTools import subset

ROOT = Path(__file__).parents[1]
OURS, HTML = ROOT / "book" / "_katex", ROOT / "_build" / "html"
FACES = (
    "Main-Regular", "Main-Bold", "Main-Italic", "Math-Italic", "AMS-Regular", "Caligraphic-Regular",
    "Size1-Regular", "Size2-Regular", "Size3-Regular", "Size4-Regular",
)  # fmt: skip
GREEK = "".join(map(chr, [*range(0x391, 0x3CA), 0x3D1, 0x3D5, 0x3F5]))
SIGNS = "−±×÷·⋅∘∂∇∑∏∫√∞≤≥≠≈≡∼∝→←↔↦∈∉∪∩∀∃′…⋯⋮⋱⊤⊥∣∥⟨⟩⌊⌋⌈⌉∗⊙⊗ℝℓ"


def main(package: Path) -> None:
    """Program, style, licence and fonts."""
    for name in ("katex.min.js", "katex.min.css"):
        shutil.copy(package / "dist" / name, OURS)
    shutil.copy(package / "LICENSE", OURS / "static" / "fonts" / "LICENSE-KaTeX")
    pages = [*HTML.rglob("*.html"), *HTML.glob("_static/practice/*.js")]
    kept = set(string.printable + GREEK + SIGNS).union(*(page.read_text(encoding="utf-8") for page in pages))
    for face in FACES:
        source, target = (folder / f"KaTeX_{face}.woff2" for folder in (package / "dist" / "fonts", OURS / "static" / "fonts"))
        options = ["--flavor=woff2", "--layout-features=*", "--no-hinting", "--desubroutinize"]
        subset.main([str(source), f"--text={''.join(sorted(kept))}", f"--output-file={target}", *options])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
