# SPDX-License-Identifier: BSD-2-Clause
"""Numbers that C has and few programs use: exactly the compiler's, or an error that says why not."""
import re
import subprocess

import pytest


@pytest.fixture
def exact(compiled):
    return compiled("exact.c", "-O0", "-std=gnu2x", "-w")


def test_wide_fields_quads_halves_and_odd_widths_have_the_compilers_values(tool, exact):
    said = subprocess.run([exact], capture_output=True, text=True, check=True).stdout
    wanted = [line.split("\t") for line in said.splitlines()]
    assert len(wanted) > 65
    done = tool.run([word for text, _ in wanted for word in ('pr "#"', f"pr {text}")], exact)
    results = [re.split(r"\n| '", part.strip())[0] for part in done.out.split('"#"\n')[1:]]
    assert len(results) == len(wanted), done
    wrong = [f"{text}: {mine} here, {theirs} from the compiler" for (text, theirs), mine in zip(wanted, results)
             if mine != theirs and (not re.fullmatch(r"-?[0-9.]+(e[-+]\d+)?", mine) or float(mine) != float(theirs))]
    assert not wrong, "\n".join([*wrong, done.err])


@pytest.mark.parametrize("text, says", [
    ("bits.b7 + bits.b7", "how many bits this _BitInt has is not recorded, so where the result is cut off"),
    ("-bits.b7", "where the result is cut off"),
    ("~bits.u5", "how many bits this unsigned _BitInt has"),
    ("bits.u5 << 1", "where the result is cut off"),
    ("bits.b33 * 2", "where the result is cut off"),
    ("bits.b7 | bits.u5", "whether the result has a sign is not known"),
    ("bits.u40 - 2L", "whether the result has a sign is not known"),
    ("(typeof(bits.b7))100", "whether the number fits is not known"),
    ("(struct bits){.b7 = 100}", "whether the number fits is not known"),
    ("(struct bits){.b200 = -1}", "wider than 128 bits"),
    ("bits.b200 == 7", "wider than 128 bits"),
    ("many + ones + ones", "does not round between operators"),
    ("open + 1", "int [] has no size"), ("&open[1]", "int [] has no size"), ("open - open", "int [] has no size")])
def test_what_is_not_known_exactly_is_refused(tool, exact, text, says):
    done = tool("open", "-e", f"pr {text}", exact)
    assert says in done.err and not done.out.strip(), done


def test_wide_numbers_are_shown_in_the_style_asked_for(tool, exact):
    """gdb has no styles for more than eight bytes."""
    done = tool.run(["wide.a = (unsigned __int128)9 << 96", "pr/x wide.a", "pr/x wide.b", "pr/t wide.c", "pr/x quad", "quad = quad / 3",
                     "pr/x quad", "pr/f quad"], exact)
    assert done.out.splitlines()[1:8] == ["0x9000000000000000000000000", "0xfffffffffffffffffffffffffffffff9", "1" * 30 + "01",
                                          "0x3fff0000000000000000000000000000", "0.3333333333333333333333333333333333",
                                          "0x3ffd5555555555555555555555555555", "0.3333333333333333333333333333333333"], done
