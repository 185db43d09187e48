"""What the speed benchmarks share: threads, the machine's name, turns, medians, tables."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Action = Callable[[], Any]
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
PACKAGES = ("numpy", "torch", "jax", "scikit-learn", "autograd", "micrograd")


def fix_threads(threads: int) -> None:
    """Give every library as many threads and cores; call it before numpy is imported."""
    for name in THREADS:
        os.environ[name] = str(threads)
    if hasattr(os, "sched_setaffinity"):  # XLA has no other way
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def machine(threads: int) -> dict[str, Any]:
    """The processor, the BLAS behind numpy, versions, date."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": threads,
        "blas": _blas(),
        "python": platform.python_version(),
        "system": platform.system(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        "date": time.strftime("%Y-%m-%d"),
    }


def _blas() -> str:
    """Name and version, and the kernel it chose where threadpoolctl is there to ask."""
    import numpy as np

    if importlib.util.find_spec("threadpoolctl") is None:
        built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{built['name']} {built['version']}"
    import threadpoolctl

    (pool, *_) = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    return f"{pool['internal_api']} {pool['version']}, kernel {pool.get('architecture')}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def in_turn(actions: Mapping[str, Action], rounds: int, sample: float) -> dict[str, dict[str, float]]:
    """Seconds of each action: the contenders in turn, `rounds` times, each for about `sample` seconds.

    Of the times per call: the median, the quartiles and the best.
    """
    calls = {name: max(1, round(sample / max(_seconds(action, 1), 1e-9))) for name, action in actions.items()}
    calls = {name: max(1, round(sample / max(_seconds(actions[name], n), 1e-9))) for name, n in calls.items()}
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            times[name].append(_seconds(action, calls[name]))
    return {name: summary(found) for name, found in times.items()}


def _seconds(action: Action, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        action()
    return (time.perf_counter() - started) / calls


def summary(times: Sequence[float]) -> dict[str, float]:
    """Median, quartiles and best."""
    low, middle, high = statistics.quantiles(times, n=4) if len(times) > 1 else (times[0],) * 3
    return {"median": middle, "low": low, "high": high, "best": min(times)}


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A plain table: the first column to the left, the others to the right."""
    cells = [[f"{x:.3g}" if isinstance(x, float) else str(x) for x in row] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(x.rjust(width) for x, width in zip(row[1:], widths[1:]))]) for row in cells
    )


def duration(seconds: float) -> str:
    """Seconds with a unit that leaves one to three digits before the point."""
    for unit, size in ("s", 1), ("ms", 1e-3), ("µs", 1e-6):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
