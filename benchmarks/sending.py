"""Measure how fast this machine multiplies and how fast a line carries bytes, and store both in `sending.json`.

Chapter 20 reads it: products a second in a gradient of float32, and bytes a second and seconds a message between two
processes over the machine's own loopback. A line between two machines is slower.
"""

from __future__ import annotations

import json
import multiprocessing
import socket
import statistics
import time
from pathlib import Path

from common import fix_threads, machine

fix_threads(1)

import numpy as np  # noqa: E402

from bpcourse.beyond.bill import backward_products, forward_products  # noqa: E402
from bpcourse.network import backpropagation, forward, initialise  # noqa: E402

STORED = Path(__file__).with_name("sending.json")
SIZES, EXAMPLES = [784, 512, 512, 10], 256
SHORT, LONG, ROUNDS = 1, 2**24, 21


def products_a_second() -> float:
    """Of a gradient in float32, the median of some."""
    parameters = {name: array.astype(np.float32) for name, array in initialise(SIZES, seed=0).items()}
    X = np.random.default_rng(0).normal(size=(SIZES[0], EXAMPLES)).astype(np.float32)
    Y = np.eye(SIZES[-1], dtype=np.float32)[:, np.arange(EXAMPLES) % SIZES[-1]]
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        backpropagation(forward(X, parameters), Y, parameters)
        times.append(time.perf_counter() - started)
    return EXAMPLES * (forward_products(SIZES) + backward_products(SIZES)) / statistics.median(times)


def receive(line: socket.socket, size: int) -> None:
    """Read as many bytes."""
    while size:
        size -= len(line.recv(min(size, 2**20)))


def answer(port: int) -> None:
    """The other process: sends back every message."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for size in (SHORT, LONG):
            for _ in range(ROUNDS):
                receive(line, size)
                line.sendall(bytes(size))


def seconds_a_message() -> dict[int, float]:
    """One way, by size: half of a way there and back, the median of some."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        other = multiprocessing.get_context("spawn").Process(target=answer, args=(server.getsockname()[1],))
        other.start()
        line, _ = server.accept()
        with line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found = {}
            for size in (SHORT, LONG):
                times, message = [], bytes(size)
                for _ in range(ROUNDS):
                    started = time.perf_counter()
                    line.sendall(message)
                    receive(line, size)
                    times.append((time.perf_counter() - started) / 2)
                found[size] = statistics.median(times)
        other.join()
    return found


if __name__ == "__main__":
    seconds = seconds_a_message()
    measured = {
        "products a second": products_a_second(),
        "bytes a second": LONG / seconds[LONG],
        "seconds a message": seconds[SHORT],
    }
    told = {name: float(f"{x:.3g}") for name, x in measured.items()}
    STORED.write_text(json.dumps({"machine": machine(1), **told}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))
