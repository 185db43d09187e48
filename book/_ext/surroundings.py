"""What a machine and its user may not change: the surroundings of every cell that runs, in one place.

The build, `make notebooks` and the tests call `settle` before they start a kernel; theirs are copies of one, see
`kernels`. Variables that steer Python, IPython, Jupyter and matplotlib are taken out, and settings are read from an empty
folder in `_build`, not from the home.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import kernels

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "_build" / ".settings"
CLEARED = ("IPYKERNEL", "IPYTHON", "JUPYTER", "MATPLOTLIB", "MPL", "PYTHON", "SOURCE_DATE_EPOCH")
"""Variables that begin so change what cells print or draw, or which files are read for it."""

# A warning that a kernel on this machine is not encrypted, once a page, would hide those that matter.
KERNEL_SETTINGS = "c.IPKernelApp.log_level = 'ERROR'\n"


def settle() -> None:
    """Give this process, and all that it starts, the same surroundings everywhere.

    What acts on a Python that runs already cannot be taken out: RuntimeError names it.
    """
    if sys.flags.optimize:
        raise RuntimeError(
            "PYTHONOPTIMIZE: expected it unset, since without docstrings and assertions nothing is shown or tested"
        )
    for name in [name for name in os.environ if name.startswith(CLEARED)]:
        del os.environ[name]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # several kernels run at a time: more threads would wait for each other
    folders = {"MPLCONFIGDIR": "matplotlib", "IPYTHONDIR": "ipython", "JUPYTER_DATA_DIR": "jupyter"}
    os.environ |= {name: str(SETTINGS / folder) for name, folder in folders.items()} | {"PYTHONUTF8": "1"}
    profile = SETTINGS / "ipython" / "profile_default"
    if not profile.exists():
        profile.mkdir(parents=True, exist_ok=True)
        (profile / "ipython_kernel_config.py").write_text(KERNEL_SETTINGS)
        if not kernels.WORKS:
            # The list of fonts takes long on some machines, and matplotlib says so amid the first page that draws.
            subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=True)
    if kernels.WORKS:
        kernels.copied()


def ask_for_own_package() -> None:
    """Raise RuntimeError unless `bpcourse` is this folder's: a copied or moved folder still imports the old one's."""
    spec = find_spec("bpcourse")
    if spec is None or not Path(spec.origin or "").resolve().is_relative_to(ROOT):
        raise RuntimeError(
            f"bpcourse: expected the package of {ROOT}, got {spec and spec.origin}. Set the environment up anew as the README "
            "says under 'Without make', and see that PYTHONPATH names no other"
        )
