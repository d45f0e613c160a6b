"""GPUs of a driver that is a file: the stand-in for NVIDIA's library (tests/gpu/nvml.c)."""
import os
import uuid

from kit.basics import BUILD, folder

NAMES = [os.path.join(at, "gpu", "libnvidia-ml.so.1") for at in (BUILD, os.path.dirname(BUILD))]


class Driver:
    """What it says of its GPUs; say() changes that for whoever has it loaded."""

    def __init__(self, count=0, **values):
        self.folder = folder("driver")
        os.chmod(self.folder, 0o755)
        self.path = os.path.join(self.folder, "gpus")
        self.library = next((p for p in NAMES if os.path.exists(p)), None)
        assert self.library, "make gpu: there is no " + NAMES[0]
        self.gpus = [dict({"uuid": f"GPU-{uuid.uuid4()}"}, **values) for _ in range(count)]
        self.more = []  # lines: "auto"
        self.say()

    @property
    def uuids(self):
        return [g["uuid"] for g in self.gpus]

    def say(self, at=None, **values):
        """Values of one GPU (None takes one away), or all as they are; `lines` come behind it."""
        if at is not None:
            self.gpus[at].update(values)
        text = "".join(line + "\n" for line in self.more)
        for g in self.gpus:
            words = [f"{k}={v}" for k, v in g.items() if k not in ("uuid", "lines") and v is not None]
            text += " ".join(["gpu", g["uuid"]] + words) + "\n"
            text += "".join(line + "\n" for line in g.get("lines") or ())
        with open(self.path + ".new", "w") as f:
            f.write(text)
        os.chmod(self.path + ".new", 0o644)
        os.rename(self.path + ".new", self.path)

    def lines(self, at, *lines):
        """What stands behind a GPU: processes, MIG devices."""
        self.say(at, lines=lines)

    def settings(self, period="100ms"):
        return [f"local.gpu_library={self.library}", "local.gpu_sysfs=/nowhere", f"local.sample={period}"]

    @property
    def env(self):
        return {"MLTOP_TEST_NVML": self.path}
