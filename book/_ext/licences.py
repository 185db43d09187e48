"""Whose work the built folder carries, and under which licence: `licences.txt` beside the first page.

The book's own licence comes first. Then each package that gave a file to the pages, recognised by the file itself, with the
licence that it was installed with, and what lies in the book's folder with a licence of its own beside it.
"""

import re
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NAMES = re.compile(r"(LICEN[SC]E|COPYING|NOTICE)[^.]*(\.(txt|md|rst))?", re.I)
RULE = "=" * 100


def giver(module: str) -> str | None:
    """The package that a module came with, by its own name or the beginning of it: `metadata` would read every package for it."""
    parts = module.split(".")
    for last in range(len(parts), 0, -1):
        with suppress(metadata.PackageNotFoundError):
            return str(metadata.distribution("-".join(parts[:last])).metadata["Name"])
    return None


def givers(app: Any) -> list[metadata.Distribution]:
    """The installed packages of the build's extensions, by name."""
    modules = {module.__name__ for extension in app.extensions.values() if (module := extension.module)} | {"sphinx", "pygments"}
    return [metadata.distribution(name) for name in sorted(filter(None, set(map(giver, modules))), key=str.lower)]


def gave(distribution: metadata.Distribution, built: dict[int, list[bytes]]) -> bool:
    """Whether one of the built files, here by their sizes, is a file of this package, under whatever name."""
    for path in distribution.files or []:
        source = Path(str(path.locate()))
        if source.is_file() and (same := built.get(source.stat().st_size)) and source.read_bytes() in same:
            return True
    return False


def licence_of(distribution: metadata.Distribution) -> str:
    """The texts that the package was installed with."""
    paths = [path for path in distribution.files or [] if NAMES.fullmatch(path.name) and "dist-info" in path.parts[0]]
    texts = [Path(str(path.locate())).read_text(encoding="utf-8") for path in sorted(paths)]
    return "\n\n".join(texts) or str(distribution.metadata.get("License-Expression") or distribution.metadata.get("License"))


def write(app: Any, exception: Exception | None) -> None:
    """Gather and write them."""
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    files = [path for path in sorted(static.rglob("*")) if path.is_file()]
    built: dict[int, list[bytes]] = {}
    for path in files:
        built.setdefault(path.stat().st_size, []).append(path.read_bytes())
    parts = [("This book and its package", (ROOT / "LICENSE").read_text(encoding="utf-8"))]
    parts += [("The handwritten digits in the package", (ROOT / "bpcourse/examples/data/README.md").read_text(encoding="utf-8"))]
    beside = [path for path in sorted((ROOT / "book").rglob("*")) if path.is_file() and NAMES.fullmatch(path.name)]
    parts += [(f"What lies in {path.parent.relative_to(ROOT).as_posix()}", path.read_text(encoding="utf-8")) for path in beside]
    parts += [(f"Files of {one.metadata['Name']}", licence_of(one)) for one in givers(app) if gave(one, built)]
    text = f"\n{RULE}\n".join(f"{name}\n{'-' * len(name)}\n\n{licence.strip()}\n" for name, licence in parts)
    Path(app.outdir, "licences.txt").write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """When all files are there."""
    app.connect("build-finished", write, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
