"""A training that was stopped, wherever it was, goes on to the bits of one that was not."""

import signal
import subprocess
import sys
import time

import numpy as np
import pages
import pytest
from helpers import says

from bpcourse.network import checkpoints, initialise, one_hot, train, training

RNG = np.random.default_rng(5)
X = RNG.normal(size=(3, 23))
Y = one_hot(RNG.integers(0, 2, 23), 2)
P = initialise([3, 4, 2], seed=1)
NAMES = {"batch_size": 5, "epochs": 3, "learning_rate": 0.3, "validation": (X[:, :7], Y[:, :7]), "progress": False}
STEPS = 5 * 3


def same(one, other):
    assert one.history == other.history
    assert list(one.parameters) == list(other.parameters)
    for name, x in one.parameters.items():
        assert x.dtype == other.parameters[name].dtype
        np.testing.assert_array_equal(x, other.parameters[name])


class Stop(Exception):
    pass


def stopped_at(call, step, error):
    """The function, which raises this error at its call of this number."""
    calls = 0

    def until(*args, **names):
        nonlocal calls
        calls += 1
        if calls == call:
            raise error
        return step(*args, **names)

    return until


COSTS = 2 * (3 + 1)


@pytest.mark.parametrize(
    ("where", "calls"), [("forward", STEPS + COSTS), ("backpropagation", STEPS), ("update", STEPS), ("cost", COSTS)]
)
def test_a_stop_at_any_call_of_any_equation_costs_nothing(tmp_path, monkeypatch, where, calls):
    whole = train(P, X, Y, **NAMES)
    for call in range(1, calls + 1):
        file = tmp_path / f"{call}.npz"
        with monkeypatch.context() as patch, pytest.raises(Stop):
            patch.setattr(training, where, stopped_at(call, getattr(training, where), Stop))
            train(P, X, Y, checkpoint=file, **NAMES)
        same(train(P, X, Y, checkpoint=file, resume=True, **NAMES), whole)


def test_ctrl_c_at_any_moment_and_again_costs_nothing(tmp_path):
    """The alarm strikes between any two lines, in the writing of the file as well; the training is taken up till it is done."""

    def strike(*_):
        raise KeyboardInterrupt

    names = NAMES | {"epochs": 40}
    whole = train(P, X, Y, **names)
    before, stops = signal.signal(signal.SIGALRM, strike), 0
    try:
        for run in range(3):
            done = False
            while not done:
                try:
                    signal.setitimer(signal.ITIMER_REAL, RNG.uniform(0.002, 0.02))
                    with pytest.warns(UserWarning, match="train: interrupted after"):
                        train(P, X, Y, checkpoint=tmp_path / f"{run}.npz", resume=True, **names)
                    stops += 1
                except KeyboardInterrupt:
                    stops += 1
                except pytest.fail.Exception:  # no warning: it came to its end
                    done = True
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            same(train(P, X, Y, checkpoint=tmp_path / f"{run}.npz", resume=True, **names), whole)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert stops > 0


def test_ctrl_c_leaves_the_last_parameters(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "update", stopped_at(8, training.update, KeyboardInterrupt))
    with pytest.warns(UserWarning, match="train: interrupted after 1 whole epochs"):
        reached = train(P, X, Y, checkpoint=tmp_path / "a.npz", **NAMES)
    monkeypatch.undo()
    kept = np.load(tmp_path / "a.npz", allow_pickle=False)
    assert len(reached.history["cost"]) == len(reached.history["validation_cost"]) == 2
    for name in P:
        np.testing.assert_array_equal(kept[f"parameters.{name}"], reached.parameters[name])
    same(train(P, X, Y, checkpoint=tmp_path / "a.npz", resume=True, **NAMES), train(P, X, Y, **NAMES))


KILLED = """
import sys, numpy, test_checkpoints as t
from bpcourse.network import checkpoints
checkpoints.SECONDS = 0
t.train(t.P, t.X, t.Y, checkpoint=sys.argv[1], **t.NAMES | {"epochs": 10**6})
"""


def test_what_is_killed_goes_on_from_a_whole_file(tmp_path):
    """SIGKILL: nothing can be written any more, and the file that is there is whole."""
    file = tmp_path / "a.npz"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(file)], cwd=pages.ROOT / "tests") as process:
        while not file.exists():
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.1)
        process.kill()
    with np.load(file) as kept:
        epochs = len(kept["history.cost"]) - 1
    names = NAMES | {"epochs": epochs + 2}
    same(train(P, X, Y, checkpoint=file, resume=True, **names), train(P, X, Y, **names))


def test_the_file_is_written_now_and_then(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(checkpoints.os, "replace", lambda part, file: written.append(file))
    train(P, X, Y, checkpoint=tmp_path / "a.npz", **NAMES)
    assert len(written) == 2  # at the beginning and at the end
    monkeypatch.setattr(checkpoints, "SECONDS", 0)
    train(P, X, Y, checkpoint=tmp_path / "b.npz", **NAMES)
    assert len(written) == 2 + 2 + STEPS


def test_more_epochs_are_more_epochs(tmp_path):
    file = tmp_path / "a.npz"
    train(P, X, Y, checkpoint=file, **NAMES)
    same(train(P, X, Y, checkpoint=file, resume=True, **NAMES | {"epochs": 5}), train(P, X, Y, **NAMES | {"epochs": 5}))
    same(train(P, X, Y, checkpoint=file, resume=True, **NAMES), train(P, X, Y, **NAMES | {"epochs": 5}))


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_a_generator_goes_on_where_it_was(tmp_path, monkeypatch, kind):
    whole = train(P, X, Y, seed=np.random.Generator(kind(3)), **NAMES)
    monkeypatch.setattr(training, "update", stopped_at(8, training.update, Stop))
    with pytest.raises(Stop):
        train(P, X, Y, seed=np.random.Generator(kind(3)), checkpoint=tmp_path / "a.npz", **NAMES)
    monkeypatch.undo()
    same(train(P, X, Y, seed=np.random.Generator(kind(99)), checkpoint=tmp_path / "a.npz", resume=True, **NAMES), whole)


def test_float32_stays(tmp_path):
    small = {name: x.astype(np.float32) for name, x in P.items()}
    file = tmp_path / "a.npz"
    train(small, X, Y, checkpoint=file, **NAMES | {"epochs": 1})
    same(train(small, X, Y, checkpoint=file, resume=True, **NAMES), train(small, X, Y, **NAMES))


# ------------------------------------------------------------------------------- what does not fit


@pytest.fixture
def stored(tmp_path):
    file = tmp_path / "a.npz"
    train(P, X, Y, checkpoint=file, **NAMES)
    return file


def refused(file, *parts, error=ValueError, **names):
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(error, match=says(parts[0])) as told:
        train(**{"parameters": P, "X": X, "Y": Y, "checkpoint": file, "resume": True} | NAMES | names)
    assert all(part in str(told.value) for part in parts), told.value
    assert (file.read_bytes() if file.is_file() else None) == before


@pytest.mark.parametrize(
    ("names", "part"),
    [
        ({"learning_rate": 0.1}, "learning_rate 0.1, got"),
        ({"batch_size": 6}, "batch_size 6"),
        ({"seed": 1}, "seed 1"),
        ({"seed": np.random.default_rng(0)}, "seed PCG64"),
        ({"hidden": "tanh"}, "hidden tanh"),
        ({"output": "sigmoid"}, "output sigmoid"),
        ({"loss": "squared_error"}, "loss squared_error"),
        ({"X": X[:, 1:], "Y": Y[:, 1:]}, "shapes of cost"),
        ({"validation": None}, "shapes of validation_cost"),
        ({"parameters": initialise([3, 4, 2], seed=2)}, "parameters 3-4-2 float64"),
        ({"parameters": initialise([3, 5, 2], seed=1)}, "parameters 3-5-2 float64"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_file_of_other_settings_is_refused_and_stays(stored, names, part):
    refused(stored, "checkpoint", part, **names)


def test_a_torn_file_is_refused_and_stays(stored):
    bits = stored.read_bytes()
    for length in [0, 1, 100, len(bits) // 2, len(bits) - 1]:
        stored.write_bytes(bits[:length])
        refused(stored, "checkpoint", "a whole checkpoint")
    np.save(stored.with_suffix(".npy"), X)
    for other in b"no zip at all", stored.with_suffix(".npy").read_bytes():
        stored.write_bytes(other)
        refused(stored, "checkpoint", "a whole checkpoint")


def test_a_wrong_bit_in_a_weight_is_found(stored):
    bits = bytearray(stored.read_bytes())
    with np.load(stored) as kept:
        place = bits.index(kept["parameters.W1"].tobytes())
    bits[place] ^= 1
    stored.write_bytes(bits)
    refused(stored, "checkpoint", "a whole checkpoint")


def test_a_file_without_its_parts_is_refused(stored):
    with np.load(stored) as kept:
        arrays = dict(kept)
    for missing in "standing", "history.cost", "parameters.b2":
        np.savez(stored, **{name: x for name, x in arrays.items() if name != missing})
        refused(stored, "checkpoint", "a whole checkpoint")


def test_a_file_that_is_there_is_not_written_over(stored):
    refused(stored, "checkpoint", "resume=True", resume=False)


def test_odd_paths_are_refused(tmp_path):
    refused(tmp_path / "a.dat", "checkpoint", ".npz")
    refused(tmp_path / "nowhere" / "a.npz", "checkpoint", "folder")
    for odd in 3, b"a.npz", [], True:
        with pytest.raises(TypeError, match=says("checkpoint")):
            train(P, X, Y, checkpoint=odd, **NAMES)
    with pytest.raises(ValueError, match=says("resume")):
        train(P, X, Y, resume=True, **NAMES)
    with pytest.raises(TypeError, match=says("resume")):
        train(P, X, Y, resume="yes", checkpoint=tmp_path / "a.npz", **NAMES)
    assert not list(tmp_path.iterdir())
