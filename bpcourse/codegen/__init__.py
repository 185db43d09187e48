"""Graphs as programs: a graph and its derivative as lines of code.

Read `simplify` (a graph with fewer gates and the same numbers), then `program`
(lines of Python and JavaScript, one a gate), then `tape` (a graph without objects,
its methods printed from the gate table).

Book: chapter 14.
"""

from bpcourse.codegen.program import (
    GateLines,
    compile_python,
    compile_table,
    distinct_inputs,
    gate_lines,
    single,
    table_to_javascript,
    to_python,
)
from bpcourse.codegen.simplify import count_gates, rewritten, simplified
from bpcourse.codegen.tape import Tape

__all__ = [
    "GateLines", "Tape", "compile_python", "compile_table", "count_gates", "distinct_inputs", "gate_lines", "rewritten",
    "simplified", "single", "table_to_javascript", "to_python",
]  # fmt: skip
