# SPDX-License-Identifier: BSD-2-Clause
"""The installed tree serves a project that knows nothing of the source tree: by CMake, by pkg-config, by otrace cc."""
import os
import pathlib
import shutil
import subprocess

import pytest

CONSUMER = pathlib.Path(__file__).parent / "consumer"
TREE = {"bin/otrace", "lib/otrace.so", "lib/libotrace.so", "lib/libotrace.a", "include/otrace/otrace.h",
        "include/otrace/abi.h", "include/otrace/version.h", "lib/cmake/otrace/otraceConfig.cmake",
        "lib/cmake/otrace/otraceConfigVersion.cmake", "lib/pkgconfig/otrace.pc", "lib/pkgconfig/otrace-static.pc",
        "lib/liboshell.so", "include/otrace/shell.h", "lib/pkgconfig/otrace-shell.pc"}


def run(command, ok=True, **more):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False, **more)
    assert not ok or done.returncode == 0, f"{command}\n{done.stdout}"
    return done


def sections(path):
    return run(["readelf", "-SW", path]).stdout


@pytest.fixture(scope="module")
def installed(source, build, tmp_path_factory):
    """An installed tree, moved after the installation: nothing in it may remember where it was put."""
    put = tmp_path_factory.mktemp("install") / "put"
    run(["make", "-C", source, "install", f"BUILD={build}", f"PREFIX={put}"], env={**os.environ, "OTRACE_DEPS": "skip"})
    moved = put.with_name("moved here")
    put.rename(moved)
    return moved


@pytest.fixture
def environment(installed):
    return {**os.environ, "PKG_CONFIG_PATH": str(installed / "lib/pkgconfig"),
            "LD_LIBRARY_PATH": str(installed / "lib")}


def test_destdir(source, build, tmp_path):
    run(["make", "-C", source, "install", f"BUILD={build}", f"DESTDIR={tmp_path}", "PREFIX=/opt/otrace"],
        env={**os.environ, "OTRACE_DEPS": "skip"})
    assert TREE <= {str(path.relative_to(tmp_path / "opt/otrace")) for path in (tmp_path / "opt/otrace").rglob("*")}
    assert [path.name for path in tmp_path.iterdir()] == ["opt"]


def test_what_is_installed(installed):
    files = {str(path.relative_to(installed)) for path in installed.rglob("*") if not path.is_dir()}
    assert TREE <= files
    assert "include/otrace/experimental.h" not in files
    version = run([installed / "bin/otrace", "--version"]).stdout
    header = (installed / "include/otrace/version.h").read_text()
    assert version.split()[1] in header


def configure(folder, prefix, *options, compiler="clang-19"):
    return run(["cmake", "-G", "Ninja", "-S", CONSUMER, "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}",
                f"-DCMAKE_C_COMPILER={compiler}", *options], ok=False)


@pytest.mark.parametrize("build_type", ["", "Debug", "Release", "RelWithDebInfo"])
@pytest.mark.parametrize("lto", ["ON", "OFF"])
def test_cmake(installed, tmp_path, build_type, lto):
    done = configure(tmp_path, installed, f"-DCMAKE_BUILD_TYPE={build_type}", f"-DLTO={lto}")
    assert done.returncode == 0, done.stdout
    built = run(["cmake", "--build", tmp_path])
    assert "warning" not in built.stdout
    assert "otrace_fn" in sections(tmp_path / "consumer")
    assert "otrace_fn" not in sections(tmp_path / "plain")
    assert run([tmp_path / "consumer"]).stdout == "40\n"
    listed = run([installed / "bin/otrace", "open", "-e", "ls /osh/globals", tmp_path / "consumer"]).stdout
    assert "price" in listed and "half_price" in listed


@pytest.mark.parametrize("runtime", ["otrace::runtime", "otrace::runtime_static"])
def test_cmake_with_the_api(installed, environment, tmp_path, runtime):
    done = configure(tmp_path, installed, f"-DRUNTIME={runtime}")
    assert done.returncode == 0, done.stdout
    run(["cmake", "--build", tmp_path])
    assert run([tmp_path / "consumer"], env=environment).stdout == "40\n20\n"
    needed = run(["readelf", "-d", tmp_path / "consumer"]).stdout
    assert ("libotrace.so" in needed) == (runtime == "otrace::runtime")


def test_cmake_with_another_compiler_says_what_to_do(installed, tmp_path):
    done = configure(tmp_path, installed, compiler="gcc")
    assert done.returncode != 0
    message = " ".join(done.stdout.split())
    assert "the C compiler is GNU" in message and "-DCMAKE_C_COMPILER=clang-19" in message


def test_cmake_refuses_another_major_version(installed, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(CONSUMER, project)
    lists = project / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("find_package(otrace 1 ", "find_package(otrace 2 "))
    done = run(["cmake", "-G", "Ninja", "-S", project, "-B", tmp_path / "b", f"-DCMAKE_PREFIX_PATH={installed}",
                "-DCMAKE_C_COMPILER=clang-19"], ok=False)
    assert done.returncode != 0 and "requested version \"2\"" in " ".join(done.stdout.split())


@pytest.mark.parametrize("package", ["otrace", "otrace-static"])
def test_pkg_config(installed, environment, tmp_path, package):
    """As a Makefile would use it, blanks in the path included."""
    command = (f'eval clang-19 $(pkg-config --variable=cflags {package}) -O2 -DWITH_RUNTIME $(pkg-config --cflags {package})'
               f' "{CONSUMER}/main.c" "{CONSUMER}/shop.c" -o prog $(pkg-config --libs {package})')
    run(["sh", "-c", command], cwd=tmp_path, env=environment)
    assert "otrace_fn" in sections(tmp_path / "prog")
    assert run([tmp_path / "prog"], env=environment).stdout == "40\n20\n"


def test_the_shell_inside_a_program(installed, environment, tmp_path, source):
    """By pkg-config and by CMake, in a tree that was moved."""
    program = source / "tests/e2e/programs/inside.c"
    command = (f'eval clang-19 $(pkg-config --variable=cflags otrace) -O2 $(pkg-config --cflags otrace-shell) "{program}"'
               ' -o prog $(pkg-config --libs otrace-shell)')
    run(["sh", "-c", command], cwd=tmp_path, env=environment)
    assert run([tmp_path / "prog"], env={**environment, "XDG_RUNTIME_DIR": str(tmp_path)}).stdout.endswith("done\n")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\nproject(inside C)\nfind_package(otrace 1 REQUIRED)\n"
        f"add_executable(inside {program})\notrace_instrument(inside)\ntarget_link_libraries(inside PRIVATE otrace::shell)\n")
    run(["cmake", "-G", "Ninja", "-S", tmp_path, "-B", tmp_path / "b", f"-DCMAKE_PREFIX_PATH={installed}",
         "-DCMAKE_C_COMPILER=clang-19"])
    run(["cmake", "--build", tmp_path / "b"])
    assert "liboshell.so" in run(["readelf", "-d", tmp_path / "b/inside"]).stdout


def test_pkg_config_variables(installed, environment):
    plugin = run(["pkg-config", "--variable=plugin", "otrace"], env=environment).stdout.strip()
    assert pathlib.Path(plugin.replace("\\", "")).resolve() == installed / "lib/otrace.so"
    version = run(["pkg-config", "--modversion", "otrace"], env=environment).stdout.strip()
    assert version in (installed / "include/otrace/version.h").read_text()


def test_installed_driver_finds_its_plugin(installed, tmp_path):
    run([installed / "bin/otrace", "cc", "-O2", CONSUMER / "main.c", CONSUMER / "shop.c", "-o", tmp_path / "prog"])
    assert "otrace_fn" in sections(tmp_path / "prog")


def test_installed_run_finds_its_runtime(installed, tmp_path):
    run([installed / "bin/otrace", "cc", "-O2", CONSUMER / "main.c", CONSUMER / "shop.c", "-o", tmp_path / "prog"])
    done = run([installed / "bin/otrace", "run", "-e", "trace price", "-e", "run", "--", tmp_path / "prog"])
    assert "40\n" in done.stdout and "article=4" in done.stdout
