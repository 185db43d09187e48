"""What runs inside a student's process: walls first, then her cell, and plain data goes out.

It is a program of its own, started by `apart`; what it says is not believed, only read.

Book: chapters 01 to 18, in a class's problem sets.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
BIND, PRIVATE = 0x1000 | 0x4000, 0x4000 | 0x40000
"""Linux's flags of unshare and mount."""

NOBODY = 65534

SOCKETS = ("/tmp", "/run")
"""Where programs of the same user listen, which no read-only disk keeps from being talked to."""

EARLY = ("collections", "decimal", "fractions", "functools", "itertools", "math", "random", "statistics", "numpy.linalg")
"""Loaded before the walls go up, behind which Python's own folder may be out of sight."""


# --------------------------------------------------------------------------- plain data


def encode(x: Any) -> Any:
    """Plain data as JSON has it; of anything else the kind.

    Plain are numbers, texts, arrays, lists, tuples and dicts.
    """
    x = getattr(x, "value", x) if type(x).__module__ == "bpcourse.graph" else x
    if isinstance(x, np.ndarray) and x.dtype.kind in "fiub":
        return {"array": x.astype(float).tolist()}
    x = x.item() if isinstance(x, np.generic) else x
    if x is None or isinstance(x, bool | int | float | str):
        return x
    if isinstance(x, dict):
        return {"dict": [[encode(key), encode(value)] for key, value in x.items()]}
    if isinstance(x, list | tuple):
        return {"tuple" if isinstance(x, tuple) else "list": [encode(entry) for entry in x]}
    return {"kind": type(x).__name__}


class Stranger:
    """What was no plain data: only its kind came."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return f"a {self.kind}"


def decode(told: Any) -> Any:
    """What `encode` made JSON of."""
    if not isinstance(told, dict):
        return told
    ((kind, inner),) = told.items()
    if kind == "array":
        return np.array(inner, dtype=float)
    if kind == "dict":
        return {decode(key): decode(value) for key, value in inner}
    if kind in ("list", "tuple"):
        entries = [decode(entry) for entry in inner]
        return tuple(entries) if kind == "tuple" else entries
    return Stranger(str(inner)[:50])


# --------------------------------------------------------------------------- the walls


def build_walls(hidden: list[str], kept: list[str], seconds: int, memory: int) -> bool:
    """Limits this process, and takes it into a world of its own if there is one.

    Gives whether there is. In it no other process can be seen or stopped, there is no network,
    nothing can be written, and the folders `hidden` are empty but for those in them that are `kept`.
    """
    import resource  # which Windows does not have

    root = os.geteuid() == 0
    alone = sys.platform == "linux" and _unshared(root, hidden, kept)
    if alone:
        _wait_outside(seconds)
    for what, most in (("CPU", seconds), ("AS", memory), ("FSIZE", 2**20), ("CORE", 0), ("NOFILE", 64)):
        resource.setrlimit(getattr(resource, f"RLIMIT_{what}"), (most, most))
    if root:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())  # no rights left to take a wall down
        libc.prctl(38, 1, 0, 0, 0)  # nor to get new ones
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    return alone


def _unshared(root: bool, hidden: list[str], kept: list[str]) -> bool:
    """Whether this process got namespaces of its own; in them all is read-only, and the hidden folders are covered."""
    libc, user, group = ctypes.CDLL(None), os.geteuid(), os.getegid()
    if libc.unshare(NEW_MOUNTS | NEW_IPC | NEW_PROCESSES | NEW_NETWORK | (0 if root else NEW_USER)):
        return False
    if not root:
        for name, told in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_text(told)
    fine = libc.mount(None, b"/", None, PRIVATE, None) == 0
    for folder in filter(os.path.isdir, (*SOCKETS, *hidden, "/proc")):  # one may lie in another that is covered by now
        fine = _covered(libc, folder, [path for path in kept if path.startswith(f"{folder}/")]) and fine
    read_only = (ctypes.c_uint64 * 4)(1, 0, 0, 0)
    return libc.syscall(442, -100, b"/", 0x8000, read_only, 32) == 0 and fine  # mount_setattr, of the whole tree


def _covered(libc: ctypes.CDLL, folder: str, kept: list[str]) -> bool:
    """Whether an empty folder lies over this one, with what is kept of it in its place."""
    files = [os.open(path, os.O_PATH) for path in kept]
    fine = libc.mount(b"none", folder.encode(), b"tmpfs", 0, b"mode=755") == 0
    for path, file in zip(kept, files):
        os.makedirs(path, exist_ok=True)
        fine = libc.mount(f"/proc/self/fd/{file}".encode(), path.encode(), None, BIND, None) == 0 and fine
        os.close(file)
    return fine


def _wait_outside(seconds: int) -> None:
    """Goes on as the first process of the new world; the old one waits outside, and ends it when time is up."""
    child = os.fork()
    if child == 0:
        return
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(3 * seconds)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)


# --------------------------------------------------------------------------- the cell


def answers(request: dict[str, Any], space: dict[str, Any]) -> dict[str, Any]:
    """What the cell leaves under some names, and gives on each call."""
    try:
        exec(compile(request["source"], "<your cell>", "exec"), space)
    except BaseException as error:  # SystemExit, too
        return {"error": _told(error)}
    found: dict[str, Any] = {"values": {name: encode(space[name]) for name in request["names"] if name in space}, "calls": []}
    for arguments in request["calls"]:
        function = space.get(request["function"])
        try:
            found["calls"].append({"value": encode(function(*map(decode, arguments)))})  # type: ignore[misc]
        except BaseException as error:
            found["calls"].append({"error": _told(error)})
    return found


def _told(error: BaseException) -> str:
    """The error, and the last line of the student's own cell that it went through."""
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)[:300]
    except BaseException:
        message = ""
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == "<your cell>" else line
        trace = trace.tb_next
    return f"{type(error).__name__}{f': {message}' if message else ''}{f' (line {line})' if line else ''}"


def main() -> None:
    """Runs a cell within walls: what to do comes in, what came goes out."""
    request = json.load(sys.stdin)
    out, nowhere = os.dup(1), os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    space: dict[str, Any] = {"__name__": "__main__"}
    for name in EARLY:
        importlib.import_module(name)
    exec(request["given"], space)
    alone = build_walls(*(request[name] for name in ("hidden", "kept", "seconds", "memory")))
    told = {"alone": alone, **answers(request, space)}
    os.write(out, json.dumps(told).encode())
    os._exit(0)


if __name__ == "__main__":
    main()
