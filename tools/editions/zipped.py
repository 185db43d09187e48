"""The built folder as one zip: unpacked anywhere, its `index.html` opens from the disk, on a phone, too."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from still import HTML


def pack(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files in this order, all of one time, so that the same files are the same bytes.

    EPUB wants its `mimetype` plain.
    """
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            told = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            told.external_attr = 0o644 << 16
            packed.writestr(told, content, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED, 9)
    return path


def build(path: Path) -> Path:
    """Pack all that a browser loads, in a folder of the zip's name."""
    files = (file for file in sorted(HTML.rglob("*")) if file.is_file() and not file.name.startswith(".b"))
    return pack(path, {f"{path.stem}/{file.relative_to(HTML).as_posix()}": file.read_bytes() for file in files})
