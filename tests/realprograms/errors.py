# SPDX-License-Identifier: BSD-2-Clause
"""The one error that callers of this package need to know."""


class RealProgramError(Exception):
    """A program could not be fetched, built or run; the message says which and why."""
