"""How fast: training, scalar graphs and gradients, against others, on this machine.

    python benchmarks/bench.py [--quick] [--json FILE]

Every thread count runs in a process of its own, where it is fixed before any
library starts; in it the contenders take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import THREADS, duration, fix_threads, machine, table

CORETYPE = "OPENBLAS_CORETYPE"


def measured(threads: int, quick: bool) -> dict[str, Any]:
    """One process's part: everything with one thread, training alone with more."""
    fix_threads(threads)
    import gradients
    import scalars
    import training

    found: dict[str, Any] = {"machine": machine(threads), "training": training.run(quick)}
    if threads == 1:
        found |= {"scalars": scalars.run(quick), "gradients": gradients.run(quick)}
    return found


def in_a_process_of_its_own(threads: int, quick: bool) -> dict[str, Any]:
    """`measured` by another Python."""
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "found.json"
        command = [sys.executable, __file__, "--threads", str(threads), "--json", str(to), *(["--quick"] if quick else [])]
        environment = os.environ | {name: str(threads) for name in THREADS}
        environment.pop(CORETYPE, None)
        subprocess.run(command, check=True, env=environment)
        return json.loads(to.read_text())


def report(found: dict[str, Any]) -> Iterator[str]:
    """The tables of one process."""
    about = found["machine"]
    on = f"{about['threads']} thread(s) on {about['cores']} core(s)"
    yield f"{about['processor']}, {on}; {about['blas']}; Python {about['python']}"
    yield ", ".join(f"{name} {version}" for name, version in about["versions"].items()) + f"; {about['date']}"
    if CORETYPE in os.environ:
        yield f"{CORETYPE}={os.environ[CORETYPE]} is set here. It can halve numpy's matrix products, so this run went without it."
    yield "\nA training step, in multiples of the floor (the matrix products alone); in brackets half the quartiles' distance"
    rows = found["training"]["rows"]
    names = list(dict.fromkeys(name for row in rows for name in row["seconds"] if name != "floor"))
    yield table(["net, batch", "", "floor", *names], [_training_row(row, names) for row in rows])
    if "scalars" in found:
        yield "\nScalar graphs, forward and backward: million nodes a second (seconds to compile)"
        rows = found["scalars"]["rows"]
        names = list(dict.fromkeys(name for row in rows for name in row["seconds"]))
        yield table(["nodes", *names], [_scalar_row(row, names) for row in rows])
    if "gradients" in found:
        yield "\n(forward + backward) / forward"
        rows = found["gradients"]["ratios"]
        names = list(rows[0]["ratio"])
        head = ["net, batch", "", "products, counted", *names]
        yield table(
            head, [[row["net"], row["dtype"], row["counted"], *(row["ratio"].get(name, "") for name in names)] for row in rows]
        )
        if any(ratio < 1 for row in rows for ratio in row["ratio"].values()):
            yield "A ratio below 1 is impossible: something else ran in some of the turns. Measure again on an idle machine."
        nudging = found["gradients"]["nudging"]
        yield f"\nThe gradient of {nudging['weights']:,} weights ({nudging['net']}), {nudging['knobs']:,} knobs nudged both ways"
        times = {name: time["median"] for name, time in nudging["seconds"].items()}
        others = ["backpropagation, readable", "Workspace"]
        yield table(
            ["", "time", *(f"/ {name}" for name in others)],
            [[name, duration(time), *(time / times[other] for other in others)] for name, time in times.items()],
        )
    notes = [note for part in ("training", "scalars", "gradients") for note in found.get(part, {}).get("notes", [])]
    yield "\n" + "\n".join(f"Note: {note}." for note in dict.fromkeys(notes))


def _training_row(row: dict[str, Any], names: list[str]) -> list[str]:
    floor = row["seconds"]["floor"]["median"]
    cells = []
    for name in names:
        time = row["seconds"].get(name)
        cells.append("" if time is None else f"{time['median'] / floor:.3g} ({(time['high'] - time['low']) / 2 / floor:.1g})")
    return [row["net"], row["dtype"], duration(floor), *cells]


def _scalar_row(row: dict[str, Any], names: list[str]) -> list[str]:
    cells = []
    for name in names:
        time, compiling = row["seconds"].get(name), row["compiling"].get(name)
        speed = "" if time is None else f"{row['nodes'] / time['median'] / 1e6:.3g}"
        cells.append(speed + ("" if compiling is None else f" ({compiling:.2g})"))
    return [f"{row['nodes']:,}", *cells]


def main() -> None:
    """Measure, print, and store where --json says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and contenders, one thread: under two minutes")
    parser.add_argument("--json", type=Path, help="store the figures in this file")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.threads:
        asked.json.write_text(json.dumps(measured(asked.threads, asked.quick)))
        return
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5:
        print(
            f"This machine is busy (load {os.getloadavg()[0]:.1f}): what follows may be far off. Measure again when it is idle.\n"
        )
    counts = [1] if asked.quick or (os.cpu_count() or 1) < 2 else [1, 2]
    found = []
    for threads in counts:
        found.append(in_a_process_of_its_own(threads, asked.quick))
        print("\n".join(report(found[-1])), end="\n\n", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
