"""Another network in the place of the 4-4-2 network: what follows from it follows, and the errata stay."""

import json
import shutil
import subprocess
import sys

import pages
import pytest

OTHER = """FOUR_FOUR_TWO = {
    "W1": np.array([[0.3, -0.2, 0.6, 0.1], [-0.4, 0.3, 0.2, 0.4], [0.2, 0.5, -0.6, 0.3], [-0.1, 0.4, 0.3, -0.5]]),
    "b1": np.zeros((4, 1)),
    "W2": np.array([[0.4, -0.7, 0.3, 0.6], [-0.2, 0.5, 0.9, -0.4]]),
    "b2": np.zeros((2, 1)),
}
"""
CODE = """
import json
import numpy as np
from bpcourse import examples, explore
from bpcourse.examples.errata import SLIPS
from bpcourse.network import backpropagation, cost, forward
from bpcourse.numeric import central_difference
from bpcourse.practice import chapter, check
from bpcourse.practice.exercises import Ladder, Numbers

x, y, parameters = examples.FOUR_FOUR_TWO_X[:, None], examples.FOUR_FOUR_TWO_Y[:, None], examples.FOUR_FOUR_TWO
names = {"hidden": "sigmoid", "output": "softmax"}
cache = forward(x, parameters, **names)
nudged = central_difference(lambda W: cost(forward(x, parameters | {"W2": W}, **names), y, "squared_error"), parameters["W2"])
nodes = examples.four_four_two()
nodes["loss"].backward()
network = explore.Network()
accepted = []
for number in 7, 8:
    for k, one in enumerate(chapter(number), start=1):
        if isinstance(one, Numbers | Ladder):
            asks = one.steps if isinstance(one, Ladder) else one.asks
            true = one.derivation.run(one.derivation.drawn())
            answers = [" ".join(map(repr, np.ravel(true[name]).tolist())) for name in asks]
            accepted.append(check(f"{number:02}.{k}", *answers).accepted)
print(json.dumps({
    "output": cache["A2"].ravel().tolist(), "explorer": [network.values["a_21"], network.values["a_22"]],
    "graph": nodes["w_212"].grad, "nudged": nudged[0, 1], "names": explore.Names()._html.count("<svg"),
    "accepted": accepted, "errata": [slip.check() for slip in SLIPS if slip.check], "printed": str(examples.source_003()),
}))
"""


def told(folder) -> dict:
    run = subprocess.run([sys.executable, "-c", CODE], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    shutil.copytree(pages.ROOT / "bpcourse", folder / "bpcourse", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "bpcourse" / "examples" / "worked.py"
    text = path.read_text(encoding="utf-8")
    changed = text.replace("FOUR_FOUR_TWO = PADHAI\n", OTHER).replace("_X = PADHAI_X\n", "_X = np.array([1.0, 3.0, 2.0, 4.0])\n")
    assert changed.count("PADHAI") == text.count("PADHAI") - 2
    path.write_text(changed, encoding="utf-8")
    return told(pages.ROOT), told(folder)


def test_graph_explorer_and_exercises_follow_another_network(both):
    ours, other = both
    assert other["output"] != ours["output"]
    for found in both:
        assert found["explorer"] == pytest.approx(found["output"], rel=1e-12)
        assert found["graph"] == pytest.approx(found["nudged"], rel=1e-6)
        assert len(found["accepted"]) > 10 and all(found["accepted"])
    assert other["names"] == ours["names"]


def test_the_errata_keep_the_network_that_they_judge(both):
    ours, other = both
    assert (other["errata"], other["printed"]) == (ours["errata"], ours["printed"])
