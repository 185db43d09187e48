"""The roster: every table that a school may hand over, and every one that it must not."""

import pytest

from bpcourse.classroom import roster

TABLE = "identifier,name,email\nada,Ada Lövelace,ada@example.org\nbob-2,Bob,\n"


def read(tmp_path, table, encoding="utf-8"):
    path = tmp_path / "roster.csv"
    path.write_bytes(table if isinstance(table, bytes) else table.encode(encoding))
    return roster.read(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_roster_is_read_whatever_wrote_it(tmp_path, encoding, mark, end):
    found = read(tmp_path, TABLE.replace(",", mark).replace("\n", end), encoding)
    assert found == [roster.Student("ada", "Ada Lövelace", "ada@example.org"), roster.Student("bob-2", "Bob")]


def test_columns_stand_in_any_order_and_others_are_passed_over(tmp_path):
    table = 'Group;NAME; Identifier\n1;"Lovelace; Ada";ada\n\n;;\n2;Bob;bob\n'
    assert read(tmp_path, table) == [roster.Student("ada", "Lovelace; Ada"), roster.Student("bob", "Bob")]


def test_identifiers_alone_are_a_roster(tmp_path):
    assert read(tmp_path, "identifier\nada\n007\n") == [roster.Student("ada"), roster.Student("007")]


@pytest.mark.parametrize(
    "table, said",
    [
        ("identifier,name\nada,Ada\n,Bob\n", r"line 3: identifier: .* got ''$"),
        ("identifier,name\nada,Ada\nbob,Bob\nada,Eve\n", r"line 4: identifier: expected each once, got 'ada', .* line 2$"),
        ("identifier,name\nAda,Ada\nada,Eve\n", r"line 3: .* got 'ada', which stands in line 2$"),
        ("identifier,name\n../eve,Eve\n", r"line 2: identifier: .* got '../eve'$"),
        ("identifier\n.\n", r"line 2: .* got '\.'$"),
        ("identifier\n-rf\n", r"line 2: .* got '-rf'$"),
        ("identifier\nad a\n", r"line 2: .* got 'ad a'$"),
        ("identifier\nа\n", r"line 2: .* got 'а'$"),  # a letter of Russian
        ("identifier\n=1+1\n", r"line 2: .* got '=1\+1'$"),
        (f"identifier\n{'a' * 33}\n", r"line 2: .* got 'a+'$"),
        ("id,name\nada,Ada\n", r"line 1: expected a column 'identifier', got 'id', 'name'$"),
        ("ada,Ada\nbob,Bob\n", r"line 1: expected a column 'identifier', got 'ada', 'ada'$"),
        ("identifier,identifier\nada,Ada\n", r"line 1: expected a column 'identifier', got 'identifier', 'identifier'$"),
        ("identifier,name,name\nada,Ada,A\n", r"line 1: expected at most one column 'name', got "),
        ("identifier,name\nada,Ada,Lovelace\n", r"line 2: expected 2 cells, got 3$"),
        ('identifier,name\nada,"Ada\n', r"line 2: expected a table"),
        ("identifier,name\n", r"expected at least one student .* got none$"),
        ("", r"line 1: expected a column 'identifier', got an empty line$"),
        (b"\xff\xfei", r"got bytes that are no UTF-16$"),
    ],
)
def test_a_roster_that_is_none_is_refused_with_its_line(tmp_path, table, said):
    with pytest.raises(ValueError, match=said) as found:
        read(tmp_path, table)
    assert str(found.value).startswith("roster: ")
