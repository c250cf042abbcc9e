# SPDX-License-Identifier: BSD-2-Clause
"""A redis-server of one of our builds on a free loopback port, ended with the `with` block."""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from .errors import RealProgramError


_given = set()
_lock = threading.Lock()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, below the range the kernel gives to clients, each only once."""
    with _lock:
        for _ in range(1000):
            port = random.randrange(21000, 32000)
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                if port not in _given:
                    _given.add(port)
                    return port
    raise RealProgramError("no free port on 127.0.0.1")


class RedisServer:
    """Starts the server and waits until it answers PING.

    WRAPPER is a command put in front of the server's (`otrace run ... --`), ENVIRONMENT is added to its environment
    (LD_PRELOAD, OTRACE), SERVER is a copy of the build's redis-server to run instead. `pid` is the server's own, also
    under a wrapper that forks.
    """

    def __init__(self, build, *, server=None, wrapper=(), environment=None, options=(), patience=60):
        self.build = build
        self.port = free_port()
        self.directory = tempfile.mkdtemp(prefix="otrace-redis-")
        self.log = os.path.join(self.directory, "log")
        command = [*wrapper, server or build.binaries["redis-server"], "--port", self.port, "--bind", "127.0.0.1",
                   "--save", "", "--appendonly", "no", "--dir", self.directory, "--daemonize", "no", *options]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, cwd=self.directory,
                                            env={**os.environ, **(environment or {})})
        try:
            self.pid = self._wait(patience)
        except BaseException:
            self.stop()
            raise

    def _wait(self, patience) -> int:
        """Waits for the server; returns its process id."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RealProgramError(f"redis-server ended with status {self.process.returncode}: {self.output()[-2000:]}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                    connection.sendall(b"INFO server\r\n")
                    for line in connection.makefile("rb"):
                        if line.startswith(b"process_id:"):
                            return int(line.partition(b":")[2])
            except OSError:
                pass
            time.sleep(0.02)
        raise RealProgramError(f"redis-server did not answer in {patience} s: {self.output()[-2000:]}")

    def output(self) -> str:
        """What the server (and its wrapper) has written so far."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def cli(self, *words) -> str:
        """The answer to one command, by redis-cli."""
        command = [str(self.build.binaries["redis-cli"]), "-p", str(self.port), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    def stop(self) -> int:
        """Ends the server as a supervisor would, the hard way after ten seconds; returns the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
