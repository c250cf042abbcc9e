#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Says which Debian packages are missing, and why each is needed, and installs them.
#
#   cmake/deps.sh [--list] GROUP...      groups: build demo check bench
#
# Root installs; another user installs with sudo. On a terminal it asks once, elsewhere (and with
# CI set) it does not. Nothing is printed and nothing is run when nothing is missing.
# OTRACE_DEPS=skip skips all of it, for machines where the tools come from somewhere else.
set -eu

# The one list: group, package, what for. A "check" or "bench" needs "build" too; say so when calling.
packages() {
	cat <<-'LIST'
	build  ca-certificates       to fetch packages over https mirrors
	build  clang-19              compiles instrumented programs; the pass is a plugin of this compiler
	build  llvm-19-dev           headers of LLVM 19, for the pass
	build  zlib1g-dev            named by LLVM's CMake files
	build  libzstd-dev           named by LLVM's CMake files
	build  lld-19                the linker for -flto (GNU ld cannot load the pass)
	build  libclang-rt-19-dev    clang's run-time parts (builtins, sanitizers)
	build  gcc                   compiles otrace itself
	build  g++                   compiles the pass
	build  libc6-dev             headers of libc
	build  cmake                 describes the build
	build  ninja-build           runs the build
	build  pkg-config            finds the libraries below
	build  libreadline-dev       line editing in the otrace command
	build  libffi-dev            calls from the shell into a program
	build  libelf-dev            reads program files
	build  libdw-dev             reads frames and locals
	build  libjson-c-dev         --json output
	build  libsqlite3-dev        files of contexts: pickle_file, save -o, unpickle
	build  libmd-dev             MD5 of a source file, to see whether it is what was compiled
	demo   curl                  asks the example server for answers
	check  python3               runs the tests
	check  python3-pytest        runs the tests end to end
	check  python3-pytest-xdist  runs them on every core
	check  python3-pexpect       plays a person at a terminal
	check  llvm-19-tools         lit and FileCheck, for the tests of the pass
	check  clang-format-19       checks the layout of the sources
	check  clang-tidy-19         looks for mistakes in the sources
	check  libcmocka-dev         unit tests
	check  binutils              nm, readelf, GNU ld
	check  gdb                   the second opinion on counts and values
	check  valgrind              counts instructions; runs traced programs under an emulated CPU
	check  dpkg-dev              apt-get source, for tests on programs nobody here wrote
	check  libc6-dbg             symbols of libc for gdb and valgrind
	check  make                  builds those programs
	check  tcl                   runs the test suites of SQLite and Redis
	check  tcl-dev               SQLite's test program is a Tcl interpreter
	check  procps                ps and pkill, used by the test suite of Redis
	check  curl                  asks the example server for answers
	check  less                  the pager of long output at a prompt
	bench  python3               runs the measurements
	bench  valgrind              counts instructions
	bench  uftrace               a peer to measure against
	bench  dpkg-dev              apt-get source, for the measured programs
	bench  tcl                   builds SQLite
	bench  tcl-dev               SQLite configures against it
	bench  make                  builds those programs
	LIST
}

say() { printf '%s\n' "$*" >&2; }

list=no
if [ "${1:-}" = --list ]; then
	list=yes
	shift
fi
[ $# -gt 0 ] || set -- build
for group in "$@"; do
	case $group in
	build | demo | check | bench) ;;
	*)
		say "deps.sh: no group \"$group\"; the groups are: build demo check bench"
		exit 2
		;;
	esac
done
[ "$list" = yes ] || [ "${OTRACE_DEPS:-}" != skip ] || exit 0

# What of the list belongs to the groups asked for, each package once.
chosen=$(packages | while read -r group package why; do
	for wanted in "$@"; do
		if [ "$group" = "$wanted" ]; then
			printf '%s %s\n' "$package" "$why"
		fi
	done
done | sort -u -k1,1)

if [ "$list" = yes ]; then
	printf '%s\n' "$chosen"
	exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	say "otrace is built on Debian 12, and this machine has no apt-get. It needs, under the names they have there:"
	say "$chosen"
	say "Once they are here, say OTRACE_DEPS=skip make ..."
	exit 1
fi

names=$(printf '%s\n' "$chosen" | while read -r package _; do printf '%s ' "$package"; done)
# shellcheck disable=SC2086 # names are words
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $names 2>/dev/null || true)
missing=$(printf '%s\n' "$chosen" | while read -r package why; do
	case "
$installed
" in
	*"
installed $package
"*) ;;
	*) printf '  %-21s %s\n' "$package" "$why" ;;
	esac
done)
[ -n "$missing" ] || exit 0

say "otrace ($*) needs these Debian packages that are not installed:"
say "$missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		say "Run \"make deps\" as root (there is no sudo here), then try again."
		exit 1
	fi
	as_root=sudo
fi
if [ -t 0 ] && [ -t 2 ] && [ -z "${CI:-}" ]; then
	printf 'Install them now with %s? [Y/n] ' "${as_root:+sudo }apt-get" >&2
	read -r answer || answer=n
	case $answer in
	'' | [Yy]*) ;;
	*)
		say "Nothing was installed."
		exit 1
		;;
	esac
elif [ -n "$as_root" ]; then
	as_root="sudo -n"
fi

apt() {
	# shellcheck disable=SC2086 # as_root may be two words or none
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 \
		-o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" </dev/null >&2
}
wanted=$(printf '%s\n' "$missing" | while read -r package _; do printf '%s ' "$package"; done)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
say "Installing (a few minutes the first time) ..."
# shellcheck disable=SC2086 # wanted are words
if apt update 2>"$log" && apt install --no-install-recommends $wanted >>"$log" 2>&1; then
	say "Installed."
else
	cat "$log" >&2
	say "apt-get failed, see above. Clear that up (network? another apt-get running?) and run the same command again;"
	say "or install by hand: apt-get install $wanted"
	exit 1
fi
