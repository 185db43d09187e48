"""The page of what a class missed, from simulated classes whose difficulties are known, and from files that are none."""

import itertools
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from bpcourse.classroom import report
from bpcourse.classroom.__main__ import main as command
from bpcourse.practice.exercises import CHAPTERS, Choice, Clinic, Ladder, Numbers, chapter
from bpcourse.practice.mistakes import MISTAKES

LABELS = ["01.2", "03.1", "05.2", "07.2", "07.3", "07.4", "09.2", "10.2", "11.1", "12.2"]
HARD = np.array([-2.0, -1.5, -1, -0.5, 0, 0.25, 0.5, 1, 1.5, 2])


def entry(first=True, at=1.0, **more) -> dict:
    return {"at": at, "first": first, "right": True, "again": [], **more}


def simulated(n: int, seed: int, sharp=2.0) -> np.ndarray:
    """Who has what right: the chance falls with the question's difficulty and rises with what a student knows."""
    random = np.random.default_rng(seed)
    chance = 1 / (1 + np.exp(-np.asarray(sharp) * (random.normal(size=(n, 1)) - HARD)))
    return (random.random(chance.shape) < chance).astype(float)


def written(folder, first) -> list:
    clock = itertools.count(1)
    for k, row in enumerate(first):
        told = {label: entry(bool(x), next(clock)) for label, x in zip(LABELS, row) if not math.isnan(x)}
        (folder / f"anna{k}.json").write_text(json.dumps(told))
    return sorted(folder.glob("*.json"))


def made(files, out) -> str:
    report.main(files, out)
    return out.read_text(encoding="utf-8")


def test_the_order_of_difficulty_is_found_and_the_true_share_lies_in_the_interval(tmp_path):
    many = simulated(20_000, 1).mean(axis=0)
    students = [report.read(file) for file in written(tmp_path, simulated(200, 2))]
    found = report.questions(students)
    assert [q.label for q in found] == LABELS[::-1]
    inside = [low <= many[LABELS.index(q.label)] <= high for q in found for low, high in [report.interval(q.right, q.n)]]
    assert sum(inside) >= 9, "95 in 100 are"


def test_an_interval_holds_the_true_share_in_95_of_100_classes():
    random = np.random.default_rng(3)
    for n in (10, 30, 100):
        share = random.random(4000)
        low, high = np.array([report.interval(int(right), n) for right in random.binomial(n, share)]).T
        assert 0.94 < np.mean((low <= share) & (share <= high)) < 0.97


def test_discrimination_tells_a_sharp_question_from_one_of_chance_and_from_a_wrong_one():
    sharp = np.array([1.5, 1.5, 1.5, 1.5, 4, 0, -2, 1.5, 1.5, 1.5])
    found = report.discriminations(simulated(2000, 4, sharp))
    assert found[4] == max(found) and abs(found[5]) < 0.06 and found[6] < -0.2
    assert all(0.1 < r < found[4] for r, a in zip(found, sharp) if a == 1.5)


def test_discrimination_is_the_textbooks_where_all_have_answered():
    first = simulated(60, 5)
    for k, r in enumerate(report.discriminations(first)):
        x, rest = first[:, k], np.delete(first, k, axis=1).sum(axis=1)
        p = x.mean()
        biserial = (rest[x == 1].mean() - rest[x == 0].mean()) / rest.std() * math.sqrt(p * (1 - p))
        assert r == pytest.approx(biserial, abs=1e-12)


def test_who_leaves_out_the_hard_questions_does_not_seem_better():
    first = simulated(4000, 6, 0.0)  # nothing tells anything about who knows more
    first[:, HARD < 0] = 1.0
    first[::2, HARD > 0.4] = np.nan
    assert all(abs(r) < 0.06 for r in report.discriminations(first) if not math.isnan(r))
    full = simulated(4000, 6)
    knows, some = full.mean(axis=1), full.copy()
    some[np.ix_(knows < np.median(knows), HARD > 0.4)] = np.nan  # the weaker half leaves them out
    difference = np.subtract(report.discriminations(full), report.discriminations(some))
    assert np.abs(difference[HARD <= 0.4]).max() < 0.12, "plain means are off by 0.26"


@pytest.mark.filterwarnings("error")
def test_what_tells_nothing_is_no_number():
    found = report.discriminations(np.array([[1.0, 1, np.nan], [1, 0, np.nan], [1, 1, 1]]))
    assert all(map(math.isnan, [found[0], found[2]]))
    assert all(map(math.isnan, report.discriminations(np.array([[1.0], [0.0]]))))


def test_a_small_class_is_told_no_discrimination(tmp_path):
    for n, shown in ((29, False), (30, True)):
        folder = tmp_path / str(n)
        folder.mkdir()
        text = made(written(folder, simulated(n, 7)), tmp_path / "out.html")
        assert any(re.findall(r"</td><td>−?[0-9.]+(?: \(chance\?\))?</td>", text)) == shown


def test_the_step_and_the_mistake_behind_it_are_named(tmp_path):
    mistake = MISTAKES[0].name
    for k in range(7):
        said = (
            {"u": ["right"], "own": ["mistake", mistake], "dw": ["unknown"]}
            if k < 4
            else {"u": ["right"], "dw": ["two", mistake]}
        )
        (tmp_path / f"{k}.json").write_text(json.dumps({"07.4": entry(False, k, said=said)}))
    (tmp_path / "old.json").write_text(json.dumps({"07.4": entry(True, 50)}))
    (found,) = report.questions([report.read(file) for file in tmp_path.glob("*.json")])
    assert (found.right, found.n, found.judged) == (1, 8, 7)
    assert {step.name: step.failed for step in found.steps if step.failed} == {"own": 4, "dw": 3}
    assert [step.name for step in found.steps] == ["u", "own", "cross", "by_1", "by_2", "delta", "dw"]
    assert found.diagnoses == [(mistake, 7)]
    text = made([*tmp_path.glob("*.json")], tmp_path / "out.html")
    assert f"{mistake}: 7 of 7" in text and "own, slope of the softmax, own logit: 4 of 7" in text


def test_a_choice_and_a_case_of_the_clinic_are_told_in_the_books_words():
    assert "not depend" in report._try("07.5", entry(said={"choice": ["mistake", "3"]})).said["choice"][1]
    told = report._try("19.3", entry(said={"line": ["mistake", "1"], "reason": ["mistake", "1"]})).said
    assert told["line"] == (False, "line 1") and told["reason"][1] in {mistake.name for mistake in MISTAKES}


@pytest.mark.parametrize("number", CHAPTERS)
def test_every_question_of_the_book_can_be_told(number):
    for k, one in enumerate(chapter(number), start=1):
        asked = report._asked(f"{number:02}.{k}")
        assert bool(asked) == isinstance(one, Numbers | Ladder | Choice | Clinic)
        told = report._try(f"{number:02}.{k}", entry(False, said={name: ["mistake", "1"] for name in asked}))
        assert told.said.keys() == asked.keys()
        assert report.picture(report.questions([{f"{number:02}.{k}": told}])).svg.count("<rect") >= min(len(asked), 1)


class Strict(HTMLParser):
    """Collects the elements of a page and sees that all are closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags = [], set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not any(name.startswith("on") or name in ("src", "href", "xlink:href") for name, _ in attrs)
        if tag not in ("meta", "br", "path", "circle", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("path", "circle", "rect"):
            assert self.open.pop() == tag


HOSTILE = "<img src=x onerror=alert(1)>\u202e"
BAD = {
    "empty": b"",
    "broken": b'{"07.1": ',
    "list": b"[1, 2]",
    "number": b"7",
    "deep": b"[" * 100_000,
    "latin": '{"é": 1}'.encode("latin-1"),
    "other": b'{"07.1": {"at": "soon", "first": true}, "07.2": {"at": 1}, "07.3": null, "07.4": {"at": true, "first": true}}',
    "labels": json.dumps(
        {HOSTILE: entry(), "7.1": entry(), "99.1": entry(), "07.99": entry(), "": entry(), "07.1\n": entry()}
    ).encode(),
    "huge": b'{"07.1": {"at": 1' + 400 * b"0" + b', "first": true}}',
    "digits": b'{"07.1": {"at": 1' + 9000 * b"0" + b', "first": true}}',
    "infinite": b'{"07.1": {"at": Infinity, "first": true}}',
}


def test_bad_files_are_named_and_left_out(tmp_path, capsys):
    files = written(tmp_path, simulated(3, 8))
    for name, content in BAD.items():
        files.append(tmp_path / f"{name}.bad")
        files[-1].write_bytes(content)
    large = tmp_path / "large.bad"
    with large.open("wb") as file:
        file.truncate(50_000_000)
    folder, none = tmp_path / "folder.bad", tmp_path / "none.bad"
    folder.mkdir()
    files += [large, folder, none]
    text = made(files, tmp_path / "out" / "page.html")
    told = capsys.readouterr().err.splitlines()
    assert [re.search(r"(\w+)\.bad'", line)[1] for line in told] == [*BAD, "large", "folder", "none"]
    assert all(re.search(r": expected .*, got ", line) for line in told)
    assert f"Left out: {len(BAD) + 3} files that could not be read." in text and "3 students" in text


def test_nothing_of_a_file_stands_in_the_page_but_the_books_own_words(tmp_path):
    said = {
        HOSTILE: ["mistake", HOSTILE], "choice": ["mistake", HOSTILE], "dw": ["mistake", HOSTILE, MISTAKES[0].name], "u": HOSTILE,
        "own": [], "cross": [["mistake"]], "by_1": [HOSTILE], "rule of dw": ["mistake", HOSTILE], "delta": ["mistake"],
    }  # fmt: skip
    told = {
        "07.4": entry(False, 1, said=said, name=HOSTILE),
        HOSTILE: entry(),
        "07.5": entry(said=HOSTILE),
        "07.1": entry(said=[1]),
    }
    file = tmp_path / "anna-example@school.json"
    file.write_text("\ufeff" + json.dumps(told), encoding="utf-8")
    text = made([file], tmp_path / "out.html")
    assert report.read(file)["07.4"].said == {"dw": (False, MISTAKES[0].name), "rule of dw": (False, ""), "delta": (False, "")}
    assert MISTAKES[0].name in text and "07.5" in text
    assert not any(word in text for word in ("<img", "onerror", "\u202e", "anna", "school", str(tmp_path)))
    assert not Strict(text).tags & {"script", "link", "img", "iframe"}


def test_the_page_stands_alone_and_says_what_the_picture_shows(tmp_path):
    text = made(written(tmp_path, simulated(40, 9)), tmp_path / "out.html")
    assert "http" not in text.replace("http://www.w3.org/", "") and not Strict(text).tags & {"script", "link"}
    assert "anna" not in text and re.search(
        r'aria-label="The share right at first try of 10 questions. The hardest are 12.2 \(', text
    )


def test_a_student_who_hands_in_twice_counts_once(tmp_path):
    files = written(tmp_path, simulated(5, 10))
    newer = json.loads(files[0].read_text())
    newer |= {"14.1": entry(False, 900.0), LABELS[0]: entry(False, 901.0)}
    files.append(tmp_path / "again.json")
    files[-1].write_text(json.dumps(newer))
    text = made(files, tmp_path / "out.html")
    assert "5 students" in text and "1 files from students" in text and "14.1" in text


def test_the_same_files_give_the_same_page_in_any_order(tmp_path):
    files = written(tmp_path, simulated(12, 11))
    assert made(files, tmp_path / "a.html") == made(files[::-1], tmp_path / "b.html")


def test_the_command_makes_the_page_and_says_what_it_did_not_get(tmp_path, capsys):
    files = written(tmp_path, simulated(4, 12))
    command(["report", *map(str, files), "--out", str(tmp_path / "missed.html")])
    assert capsys.readouterr().out == f"4 students: {tmp_path / 'missed.html'}\n" and (tmp_path / "missed.html").exists()
    with pytest.raises(SystemExit, match="files: expected files that the practice page exports, got none among 1"):
        command(["report", str(tmp_path / "none.json")])


def test_a_folder_stands_for_the_files_in_it_as_platforms_unpack_them(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for file in written(tmp_path / "in", simulated(4, 12)):
        (folder := file.parent / f"{file.stem}_4711_file").mkdir()
        file.rename(folder / "practice.json")
    command(["report", str(tmp_path / "in"), "--out", str(tmp_path / "missed.html")])
    assert capsys.readouterr().out == f"4 students: {tmp_path / 'missed.html'}\n"


def test_without_any_file_there_is_no_page(tmp_path):
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ValueError, match="files: expected files that the practice page exports, got none among 1"):
        report.main([tmp_path / "bad.json"], tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()
