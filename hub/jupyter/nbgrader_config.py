"""Where assignments are given out and handed in; a teacher's course, in which students' code runs confined."""

import os
import pwd
import sys
from pathlib import Path

sys.path.insert(0, str(Path(sys.prefix).parent / "hub"))

from place import ROOT, SETTINGS, is_teacher

c = get_config()  # noqa: F821
c.Exchange.root = str(ROOT / "exchange")
c.CourseDirectory.course_id = SETTINGS["course"]
if is_teacher(pwd.getpwuid(os.getuid()).pw_name):
    c.CourseDirectory.root = str(ROOT / "course")
    c.Execute.kernel_name = "confined"
    c.KernelManager.transport_encryption = "required"
