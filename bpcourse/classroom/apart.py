"""A student's cell, run apart from whoever grades it: what comes back is plain data, or what went wrong.

Each cell has a process of its own with limits of time, memory and files, and none of the
grader's variables. On Linux it is alone in its world as well, see `inside`.

Book: chapters 01 to 18, in a class's problem sets.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bpcourse.classroom import inside

SECONDS = 10
"""Seconds of processor time for a cell; three times as many pass before it is stopped in any case."""

MEMORY = 2**30
"""Bytes of memory for a cell."""


class Outcome(NamedTuple):
    """What a cell gave, or the `error` that ended it.

    `values` are by name, `calls` a value or an error each; `alone` tells whether it had a world of its own.
    """

    values: dict[str, Any]
    calls: list[tuple[Any, str | None]]
    error: str | None = None
    alone: bool = False


def run(
    source: str,
    given: str = "",
    names: Sequence[str] = (),
    function: str = "",
    calls: Sequence[Sequence[Any]] = (),
    hidden: Sequence[str | Path] = (),
) -> Outcome:
    """Runs a cell below the lines `given`.

    The outcome has the values of `names`, and of `function` on each of the calls.

    The folders `hidden` and the home are empty to it where the system can do that, but for Python
    and its packages. Whatever the cell does,
    nothing is raised: an error, an end of Python or of its time is told. OSError on Windows, which
    has no such limits.
    """
    if os.name != "posix":
        raise OSError("grading: expected Linux or macOS, whose limits keep a cell apart, got Windows")
    request = {
        "source": source, "given": given, "names": list(names), "function": function, "seconds": SECONDS, "memory": MEMORY,
        "calls": [[inside.encode(argument) for argument in call] for call in calls],
        "hidden": [str(folder) for folder in map(Path.resolve, map(Path, (Path.home(), *hidden))) if str(folder) != "/"],
        "kept": _kept(),
    }  # fmt: skip
    # -P: the folder of the program is not searched, where `inside` has neighbours with names of other modules
    command = [sys.executable, "-P", "-s", "-B", "-m", inside.__name__]
    variables = {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as asked:
        asked.write(json.dumps(request).encode())
        asked.seek(0)
        process = subprocess.Popen(
            command, stdin=asked, stdout=told, stderr=subprocess.DEVNULL, env=variables, cwd="/", start_new_session=True
        )
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3 * SECONDS + 5)
        finally:
            _end(process)
        told.seek(0)
        return _read(told.read(2**20), process.returncode)


def _kept() -> list[str]:
    """Where modules lie: this package, Python's own folders, and those of installed packages."""
    own = tuple(str(Path(prefix).resolve()) for prefix in (sys.prefix, sys.base_prefix))
    searched = [str(folder) for folder in map(Path.resolve, map(Path, sys.path)) if folder.is_dir()]
    kept = [folder for folder in searched if folder.startswith(own) or folder.endswith("-packages")]
    return [str(Path(__file__).resolve().parent.parent), *kept]


def _end(process: subprocess.Popen) -> None:
    """Ends the process and all of its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(told: bytes, code: int) -> Outcome:
    """What came, if it can be read; it was written by the student's process, so it may be anything."""
    try:
        came = json.loads(told)
        if "error" in came:
            return Outcome({}, [], _error(came), came["alone"] is True)
        values = {str(name): inside.decode(value) for name, value in came["values"].items()}
        calls = [(inside.decode(call.get("value")), _error(call)) for call in came["calls"]]
        return Outcome(values, calls, None, came["alone"] is True)
    except Exception:  # not written by `inside`, or cut off
        return Outcome({}, [], _ended(code))


def _error(told: dict[str, Any]) -> str | None:
    return str(told["error"])[:500] if "error" in told else None


def _ended(code: int) -> str:
    code = code - 256 if code > 128 else code  # what ended the world inside, as the process outside hands it on
    if -code in (signal.SIGKILL, signal.SIGXCPU):
        return f"it was stopped: it took more than {SECONDS} seconds, or more memory than {MEMORY // 2**20} MiB"
    return "it ended Python before it was through, or gave back more than can be read"
