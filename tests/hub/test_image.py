"""The files of `.binder`, as repo2docker itself reads them; it builds with Docker, which is not asked for here."""

import subprocess
import sys

import trial


def test_repo2docker_makes_an_image_with_the_pins_and_what_a_hub_needs():
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "--user-id=1000", "--user-name=reader", trial.BOOK]
    told = subprocess.run(command, capture_output=True, text=True, timeout=trial.SECONDS)
    assert told.returncode == 0, told.stderr
    recipe = told.stdout + told.stderr
    assert '-r ".binder/requirements.txt"' in recipe and "RUN ./.binder/postBuild" in recipe
    assert "python=3.12" in recipe or "environment.py-3.12" in recipe
