# SPDX-License-Identifier: BSD-2-Clause
"""Waiting for something to become true, with a limit only for what hangs."""
import time

TIMEOUT = 60  # seconds after which something hangs; nothing is measured


def wait_until(condition, what):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)
