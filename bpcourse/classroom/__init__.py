"""A class: problem sets with numbers of each student's own, and how they are graded.

Read in this order:

- `roster`: who is in the class;
- `sets`: which exercises make a set, and the seed of a student's numbers;
- `tasks`: a set as one student has it: her numbers, her bug;
- `apart`, `inside`: her cell in a process of its own, behind walls;
- `grading`: points a step, an error carried forward, the diagnosis;
- `handouts`: notebooks, keys, and the sources for nbgrader and otter;
- `with_nbgrader`, `with_otter`: the grading as these two call it;
- `versions`, `platforms`: sets in several versions, for exams, Canvas and Moodle;
- `report`: what the class missed, from the practice files that students hand in;
- `__main__`: the command.

A teacher's command is `python -m bpcourse.classroom`; the page "A class" goes through it.

    >>> from bpcourse.classroom import seed_of
    >>> seed_of("ada", "07.4", "a secret of the teacher")
    35714251
"""

from bpcourse.classroom.sets import SETS, seed_of

__all__ = ["SETS", "seed_of"]
