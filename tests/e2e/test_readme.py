# SPDX-License-Identifier: BSD-2-Clause
"""The README's transcripts: each command is run, and shows what the README says it shows."""
import os
import re
import shutil
import signal
import subprocess

import pytest

TIMEOUT = 60


def transcripts(text):
    """The console blocks: lists of (command, lines that follow it)."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        steps = []
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
        yield steps


def pattern(line):
    """The line as a regular expression: an ellipsis stands for anything."""
    return re.compile(".*".join(re.escape(part) for part in line.split("…")))


@pytest.fixture
def session(tool, build, source, tmp_path):
    """Runs a command line as a reader of the README would type it."""
    for example in (source / "tests/examples/hello").glob("*.c"):
        shutil.copy(example, tmp_path)
    env = dict(tool.env, PATH=f"{build / 'bin'}:{os.environ['PATH']}", LD_LIBRARY_PATH=str(build / "lib"))
    background = []

    def run(command):
        if command.endswith(" &"):
            command = command.removesuffix(" &")
            # Set in the shell, so that only the program gets it.
            background.append(subprocess.Popen(["sh", "-c", command.replace("./", "exec ./")], cwd=tmp_path, env=env,
                                               stdout=subprocess.DEVNULL))
            socket = tmp_path / "run/otrace" / str(background[-1].pid)
            for _ in range(200):
                if socket.exists():
                    return ""
                try:
                    background[-1].wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
                raise AssertionError(f"{command}: ended with {background[-1].returncode}")
            raise AssertionError(f"{command}: no socket {socket}")
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT,
                              check=False)
        assert done.returncode == 0, f"{command}: status {done.returncode}\n{done.stdout}"
        return done.stdout

    yield run
    for process in background:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_the_transcripts_of_the_readme_are_true(session, source):
    blocks = list(transcripts((source / "README.md").read_text()))
    assert len(blocks) >= 2
    for steps in blocks:
        for command, expected in steps:
            shown = session(command).splitlines()
            # Trace lines and results are different streams: each line must be there, in any order.
            for line in expected:
                matches = [s for s in shown if pattern(line).fullmatch(s)]
                assert matches, f"{command}\nmissing: {line}\nshown:\n" + "\n".join(shown)
                shown.remove(matches[0])


def test_every_command_of_the_shell_is_in_the_readme(tool, source, shop):
    text = (source / "README.md").read_text()
    listed = re.findall(r"^  (\w+) ", tool("open", "-e", "help *", shop).out, re.M)
    assert len(listed) > 10
    assert [name for name in listed if not re.search(rf"`[^`]*\b{name}\b", text)] == []
