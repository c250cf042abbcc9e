# SPDX-License-Identifier: BSD-2-Clause
#
# The front door. The build itself is described by CMakeLists.txt; see "make help".

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build

CMAKE = cmake
DEPS  = sh cmake/deps.sh

.DEFAULT_GOAL := all
.PHONY: all deps demo check check-long bench install clean format help

all: ## build everything into build/ (the default)
	@$(DEPS) build
	@$(MAKE) -s --no-print-directory $(BUILD)/build.ninja
	@$(CMAKE) --build $(BUILD)

# Configured once; from then on ninja runs CMake again by itself when it has to.
$(BUILD)/build.ninja:
	@$(CMAKE) -S . -B $(BUILD) -G Ninja -DOTRACE_BUILD_TESTS=OFF

deps: ## install the Debian packages that building, demo and tests need
	@$(DEPS) build demo check

demo: ## build, then trace the example server; a tour when not on a terminal
	@$(DEPS) build demo
	@$(MAKE) --no-print-directory all
	@tests/examples/reciprocal/demo $(BUILD)

check: ## build with gcc and clang and run every test (about 20 minutes)
	@$(DEPS) build demo check
	@/usr/bin/python3 tests/run

check-long: ## the tests that take longer
	@$(DEPS) build demo check
	@/usr/bin/python3 tests/run --long

bench: ## measure against the peers; table and CSV
	@$(DEPS) build bench
	@$(MAKE) --no-print-directory all
	@tests/bench/run $(BUILD)

install: all ## install below $(DESTDIR)$(PREFIX)
	@DESTDIR="$(DESTDIR)" $(CMAKE) --install $(BUILD) --prefix "$(PREFIX)"

format: ## lay out the sources as the checks want them
	@/usr/bin/python3 tests/checks/format --fix

clean: ## remove build/
	@rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
