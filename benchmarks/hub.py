"""What students of a hub take: memory and processor time of a server, of a kernel with notebook 7, of a training.

As root, in the hub of `make test-hub`, which is installed first and taken away at the end. Memory is the proportional set size
(PSS): what several processes share counts once.
"""

from __future__ import annotations

import json
import os
import pwd
import sys
import time
from pathlib import Path

import nbformat

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "hub"))

import trial  # noqa: E402

# The training on the digits of chapter 12.
TRAIN = """
from bpcourse.examples import digits
from bpcourse.network import initialise, one_hot, train
data = digits()
Y = one_hot(data.labels_train, 10)
train(initialise([64, 128, 10], seed=1), data.X_train, Y, learning_rate=0.3, batch_size=32, epochs=30, progress=False)
"""


def processes(user: str) -> list[Path]:
    """The folders in /proc of a user's processes."""
    uid = pwd.getpwnam(user).pw_uid
    return [folder for folder in Path("/proc").iterdir() if folder.name.isdigit() and folder.stat().st_uid == uid]


def pss(folders: list[Path]) -> float:
    """Memory in MiB."""
    lines = [line for folder in folders for line in (folder / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:")]
    return sum(int(line.split()[1]) for line in lines) / 1024


def seconds(folders: list[Path]) -> float:
    """Processor time so far."""
    ticks = [(folder / "stat").read_text().rpartition(")")[2].split() for folder in folders]
    return sum(int(field[11]) + int(field[12]) for field in ticks) / os.sysconf("SC_CLK_TCK")


def of_hub() -> list[Path]:
    """The hub itself and its proxy."""
    return [Path("/proc", pid.read_text().strip()) for pid in (trial.ROOT / "state").glob("*.pid")]


def measure() -> dict[str, dict[str, float]]:
    """Means over all students: MiB held and processor seconds used after each step, on top of the step before."""
    cells = nbformat.read(ROOT / "notebooks" / "07-one-weight-w212.ipynb", as_version=4).cells
    notebook = [cell.source for cell in cells if cell.cell_type == "code"]
    count = len(trial.STUDENTS)
    held, used = [0.0], [0.0]

    def note() -> None:
        time.sleep(5)
        everyone = [folder for name in trial.STUDENTS for folder in processes(name)]
        held.append(pss(everyone) / count)
        used.append(seconds(everyone) / count)

    with trial.hub() as hub:
        for name in trial.STUDENTS:
            hub.start(name)
            hub.pull(name)
        note()
        kernels = {name: hub.kernel(name) for name in trial.STUDENTS}
        for name, kernel in kernels.items():
            for source in notebook:
                hub.execute(name, kernel, source)
        note()
        walls = []
        for name, kernel in kernels.items():
            started = time.perf_counter()
            assert not hub.execute(name, kernel, TRAIN).strip()
            walls.append(time.perf_counter() - started)
        note()
        shared = pss(of_hub())
    steps = ["server", "notebook 7", "training"]
    found = {
        step: {"MiB": round(held[k + 1] - held[k], 1), "seconds": round(used[k + 1] - used[k], 2)} for k, step in enumerate(steps)
    }
    return {"students": count, "hub": {"MiB": round(shared, 1)}, **found, "training takes": round(sum(walls) / count, 2)}


if __name__ == "__main__":
    told = measure()
    (ROOT / "benchmarks" / "hub.json").write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps(told, indent=1))
