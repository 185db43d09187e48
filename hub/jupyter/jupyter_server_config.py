"""Each student's server: kernels that nobody else can listen to, and that end when they are left."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(sys.prefix).parent / "hub"))

from place import SETTINGS

c = get_config()  # noqa: F821
c.KernelManager.transport_encryption = "required"  # without it, whatever a kernel prints can be read by any account
c.KernelSpecManager.allowed_kernelspecs = {"python3"}
c.MappingKernelManager.cull_idle_timeout = 60 * SETTINGS["student"]["kernel_minutes"]
c.MappingKernelManager.cull_interval = 60
c.MappingKernelManager.cull_connected = True  # a forgotten tab is no reason to keep one
c.ServerApp.shutdown_no_activity_timeout = 60 * SETTINGS["student"]["server_minutes"]
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
