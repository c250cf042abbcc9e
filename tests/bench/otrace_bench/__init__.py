# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark of otrace and its peers."""
