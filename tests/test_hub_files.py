"""What of the hub can be asked without root and without a hub; `make test-hub` starts one."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from books import ROOT

HUB = ROOT / "hub"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The module of a hub in a folder of its own, whose group has three accounts."""
    folder = tmp_path / "school"
    (folder / "hub").mkdir(parents=True)
    shutil.copy(HUB / "place.py", folder / "hub")
    shutil.copy(HUB / "settings.toml", folder)
    spec = importlib.util.spec_from_file_location("place", folder / "hub" / "place.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "members", lambda: {"ada", "ben", "left"})
    (folder / "roster.csv").write_text("identifier,name\nada,Ada\nben,Ben\nnew,New\nroot,Root\n")
    return module


def test_a_hub_is_called_by_its_folder(place):
    assert (place.STUDENTS, place.GRADER) == ("school-students", "school-grader")


def test_who_is_on_the_roster_and_has_an_account_made_for_it_may_enter(place):
    names = ["ada", "ben", "left", "new", "root", "stranger", ""]
    assert [name for name in names if place.may_enter(name)] == ["ada", "ben"]


def test_root_is_no_teacher(place):
    place.SETTINGS["teachers"] = ["root", "daemon", "nobody-of-this-name"]
    assert not any(place.may_enter(name) for name in place.SETTINGS["teachers"])


@pytest.mark.parametrize("name", ["Ada", "12345", "_x", "-x"])
def test_a_name_that_no_account_can_have_is_named(place, name):
    place.ROSTER.write_text(f"identifier\nben\n{name}\n")
    with pytest.raises(ValueError, match=rf"identifier: expected .* got .*{name}"):
        place.roster()


def test_a_process_is_limited_before_it_begins(place):
    if shutil.which("prlimit") is None:
        pytest.skip("prlimit is not there: no Linux")
    ask = "import resource as r; print(*(r.getrlimit(what)[1] for what in (r.RLIMIT_DATA, r.RLIMIT_FSIZE, r.RLIMIT_CORE)))"
    limits = place.limits({"memory": 512, "processes": 50, "file": 20})
    told = subprocess.run([*limits, sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout
    assert told.split() == [str(512 * 2**20), str(20 * 2**20), "0"]


def test_the_settings_let_nobody_in_and_no_other_machine():
    settings = tomllib.loads((HUB / "settings.toml").read_text(encoding="utf-8"))
    assert settings["teachers"] == [] and settings["address"] == "127.0.0.1"


def test_on_kubernetes_nobody_gets_in_before_the_school_is_named():
    values = yaml.safe_load((HUB / "kubernetes.yaml").read_text(encoding="utf-8"))["hub"]["config"]
    assert values["JupyterHub"] == {"authenticator_class": None}
    assert values["Authenticator"] == {"allow_all": False, "allow_existing_users": False, "allowed_users": []}


@pytest.mark.parametrize("path", ["hub/jupyterhub_config.py", "hub/kubernetes.yaml", "hub/settings.toml"])
def test_no_file_has_a_password_or_a_login_for_everybody(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not re.search(r"dummy|firstuse|password\s*[=:]|allow_all\s*[=:]\s*true", text, re.I)


@pytest.mark.parametrize("name", ["environment", "install", "uninstall"])
def test_the_scripts_are_bash(name):
    if shutil.which("bash") is None:
        pytest.skip("bash is not there")
    subprocess.run(["bash", "-n", HUB / name], check=True)


def test_the_page_names_files_and_settings_that_are_there():
    page = (ROOT / "book" / "a-hub.md").read_text(encoding="utf-8")
    knobs = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`(?:kernel|memory|processes|cores)[^|]*)\|", page, re.M)))
    assert set(knobs) == set(tomllib.loads((HUB / "settings.toml").read_text(encoding="utf-8"))["student"])
    files = re.findall(r"(?<![\w/])hub/([\w.]*\w)", page)
    assert len(files) > 5 and all((HUB / name).is_file() for name in files)


def test_the_page_writes_passwords_where_no_student_can_read_them():
    page = (ROOT / "book" / "a-hub.md").read_text(encoding="utf-8")
    written = re.findall(r"^.*> *passwords.csv.*", page, re.M)
    assert written and all(line.startswith("(umask 077; ") for line in written)
    assert re.findall(r"`?(?:env/bin/python )?hub/students (?:add|remove|password)", page) == re.findall(
        r"`?env/bin/python hub/students (?:add|remove|password)", page
    ), "the system's Python has no bpcourse"
