"""A stage of a Cairn workflow, written in Python: what the stage type `exec` runs.

    import cairn_stage

    stage = cairn_stage.Stage()
    done = stage.resume_state or 0
    with open(stage.input("rows")) as rows, open(stage.output("kept"), "w") as kept: ...
    stage.checkpoint(step, state)

Python 3.8 or newer, nothing beyond its standard library. One Stage per program, used by one
thread. The protocol beneath is docs/exec.md of Cairn.
"""
import hashlib
import json
import math
import os
import random
import select
import sys

__all__ = ["Stage"]

_MAX_LINE = 1 << 20


class Stage:
    """Reads the message `start`; every attribute below stands in it."""

    def __init__(self):
        if "CAIRN_EXEC_READ_FD" in os.environ:
            self._read_fd = int(os.environ["CAIRN_EXEC_READ_FD"])
            self._write_fd = int(os.environ["CAIRN_EXEC_WRITE_FD"])
        else:  # standard input and output: from now on print() goes to standard error
            self._read_fd, self._write_fd = os.dup(0), os.dup(1)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
        for fd in (self._read_fd, self._write_fd):  # not for what the program starts
            os.set_inheritable(fd, False)
        self._heard = b""  # the beginning of a line
        self._messages = []
        self._cancelled = False
        start = self._next("start")
        self.params = start["params"]
        self.temp_dir = start["temp_dir"]
        self.work_dir = start["work_dir"]
        self.seed = int(start["seed"])
        self.derived_seed = int(start["derived_seed"])
        self.attempt = start["attempt"]
        self.resources = start["resources"]
        checkpoint = start["checkpoint"] or {}
        self.resume_step = checkpoint.get("step")  # None: from the beginning
        self.resume_state = checkpoint.get("state")
        self.resume_folder = checkpoint.get("folder")
        self._inputs = start["inputs"]
        self._outputs = start["outputs"]
        sys.excepthook = self._tell_exception

    def inputs(self, name):
        """Every path of an input, in the order of the workflow; [] for one that is absent."""
        return self._inputs.get(name, [])

    def input(self, name):
        """The path of an input that is one file or folder."""
        paths = self.inputs(name)
        if len(paths) != 1:
            there = ", ".join(sorted(self._inputs)) or "none"
            raise KeyError(f"input {name!r} has {len(paths)} paths, not one; inputs: {there}")
        return paths[0]

    def output(self, name):
        """Where to write an output, a file or a folder; in a new attempt nothing stands there."""
        if name not in self._outputs:
            there = ", ".join(sorted(self._outputs)) or "none"
            raise KeyError(f"there is no output {name!r}; outputs: {there}")
        return self._outputs[name]

    def progress(self, done, total=0, unit=""):
        self._say(type="progress", done=done, total=total, unit=unit)

    def metric(self, name, step, value, runtime=False):
        """runtime: a number about this machine and moment, no part of the result."""
        value = float(value)
        if not math.isfinite(value):
            value = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        self._say(type="metric", name=name, step=step, value=value, runtime=runtime)

    def log(self, message, level="info"):
        self._say(type="log", level=level, message=str(message))

    def checkpoint(self, step, state=None, folder=None):
        """Returns once it is durable. state: any JSON. The files of folder, which lies below
        temp_dir, are moved into the checkpoint."""
        folder = None if folder is None else os.fspath(folder)
        self._say(type="checkpoint", step=step, state=state, folder=folder)
        self._next("saved")

    def memo(self, key, fn):
        """What fn() returned when this key was asked for first, in whichever attempt: JSON."""
        self._say(type="memo", key=key)
        answer = self._next("memo")
        if not answer["known"]:
            self._say(type="memo", key=key, value=fn())
            answer = self._next("memo")
        return answer["value"]

    def random(self, purpose, *key):
        """Draws that depend on the task's seed, the purpose and the key (ints, texts) alone."""
        text = json.dumps([self.seed, purpose, *key])
        return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))

    @property
    def cancelled(self):
        """True once the stage was asked to stop: save a checkpoint and end."""
        while not self._cancelled and select.select([self._read_fd], [], [], 0)[0]:
            self._hear()
        return self._cancelled

    def fail(self, message):
        """Ends the program; the message is the reason that is shown."""
        self._say(type="error", message=str(message))
        sys.exit(1)

    def _tell_exception(self, kind, error, trace):
        self._say(type="error", message=f"{kind.__name__}: {error}")
        sys.__excepthook__(kind, error, trace)

    def _say(self, **message):
        line = json.dumps(message, allow_nan=False).encode()
        if len(line) > _MAX_LINE:
            raise ValueError(
                f"a message of {len(line)} bytes is too long, {_MAX_LINE} at most; "
                "large state belongs into files: checkpoint(step, folder=...)"
            )
        rest = line + b"\n"
        while rest:
            rest = rest[os.write(self._write_fd, rest) :]

    def _next(self, wanted):
        while True:
            while not self._messages:
                self._hear()
            message = self._messages.pop(0)
            if message["type"] == wanted:  # of later versions there may be others
                return message

    def _hear(self):
        piece = os.read(self._read_fd, 1 << 16)
        if not piece:
            raise EOFError("the engine has closed the channel")
        *lines, self._heard = (self._heard + piece).split(b"\n")
        for message in map(json.loads, lines):
            if message["type"] == "cancel":
                self._cancelled = True
            else:
                self._messages.append(message)
