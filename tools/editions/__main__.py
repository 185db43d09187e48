"""`python tools/editions zip epub pdf`: make these from the built book in `_build/editions`, and print how large they are."""

import importlib
import re
import sys

from still import ROOT, TITLE, VERSION

MODULES = {"zip": "zipped", "epub": "epub", "pdf": "pdf"}

if __name__ == "__main__":
    folder = ROOT / "_build" / "editions"
    folder.mkdir(parents=True, exist_ok=True)
    for kind in sys.argv[1:]:
        name = re.sub("[^a-z]+", "-", TITLE.lower())
        path = importlib.import_module(MODULES[kind]).build(folder / f"{name}-{VERSION}.{kind}")
        print(f"{path.stat().st_size / 1e6:6.1f} MB  {path}")
