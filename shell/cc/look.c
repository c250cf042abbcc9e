/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kind of run do these arguments ask for? Only what the driver has to know is looked at; an option that is
 * unknown here is none of its business.
 */
#include "cc.h"

#include <string.h>

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */

/* Options whose value is the next word, so that "-o -c" or "-Xlinker -g" is not taken for an option. */
static const char *const with_value[] = {
	"-o", "-x", "-D", "-U", "-I", "-L", "-T", "-u", "-z", "-e", "-l", "-B", "-F", "-G", "-MF",
	"-MT", "-MQ", "-MJ", "-arch", "-target", "-include", "-include-pch", "-imacros",
	"-iprefix", "-iquote", "-isysroot", "-isystem", "-isystem-after", "-idirafter",
	"-ivfsoverlay", "-iwithprefix", "-iwithprefixbefore", "-iwithsysroot", "-iframework",
	"-cxx-isystem", "-framework", "-rpath", "-mllvm", "-mmlir", "-mthread-model", "-dumpdir",
	"-dependency-file", "-dependency-dot", "-module-dependency-dir",
	"-fmodules-user-build-path", "-gcc-toolchain", "-gen-cdb-fragment-path", "-resource-dir",
	"-serialize-diagnostics", "--serialize-diagnostics", "-working-directory", "-Xanalyzer",
	"-Xassembler", "-Xclang", "-Xlinker", "-Xopenmp-target", "-Xpreprocessor", "--config",
	"--param", "--sysroot", "--analyzer-output", "-ccc-install-dir", "-ccc-gcc-name",
	"--output", "--language", "--define-macro", "--undefine-macro", "--include-directory",
	"--library-directory", "--include", "--imacros", "--entry", "--prefix", "--for-linker",
	"--for-assembler",
};

/* The compiler stops before linking, or never starts to compile. */
static const char *const no_link[] = {
	"-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "-emit-ast", "-extract-api",
	"-dumpversion", "-dumpmachine", "-verify-pch", "-rewrite-objc", "--compile", "--assemble",
	"--preprocess", "--dependencies", "--user-dependencies", "--analyze", "--precompile",
	"--version", "--help", "--help-hidden", "-help",
};

/* These make no code even when sources are named. */
static const char *const no_code[] = {
	"-E", "-M", "-MM", "-fsyntax-only", "-emit-ast", "-extract-api", "-verify-pch",
	"--preprocess", "--dependencies", "--user-dependencies", "--analyze", "--precompile",
};

/* -g and its relatives that ask for debug information (others of that letter only say how it shall look). */
static const char *const debug_on[] = {
	"-g", "-g1", "-g2", "-g3", "-ggdb", "-ggdb1", "-ggdb2", "-ggdb3", "-glldb", "-gsce",
	"-gdbx", "-gfull", "-gused", "-gmlt", "-gline-tables-only", "-gline-directives-only",
	"-gdwarf", "-gdwarf-2", "-gdwarf-3", "-gdwarf-4", "-gdwarf-5", "-gdwarf32", "-gdwarf64",
	"-gmodules", "-ginline-line-tables", "-gomit-unreferenced-methods", "--debug",
};

/* Endings of files that the optimiser will see. Bitcode is not among them: it was compiled before. */
static const char *const source_ending[] = {
	"c", "i", "cc", "cp", "cpp", "cxx", "c++", "C", "CC", "CPP", "ii", "m", "mm", "M", "mi",
	"mii", "cppm", "ixx", "ccm", "cxxm", "c++m",
};

/* clang-format on */

static bool among(const char *const *list, size_t nr, const char *word)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

static bool starts(const char *word, const char *with)
{
	return strncmp(word, with, strlen(with)) == 0;
}

static bool is_source(const char *file, const char *language)
{
	const char *dot = strrchr(file, '.');

	if (language && strcmp(language, "none") != 0)
		return !starts(language, "assembler") && strcmp(language, "ir") != 0;
	return dot && among(source_ending, NR(source_ending), dot + 1);
}

/* What the reading of the arguments remembers from one to the next. */
struct reading {
	struct ot_cc_facts *facts;
	const char *language; /* the last -x */
	bool ld_path;	      /* --ld-path= was given: it is stronger than -fuse-ld= */
	bool stops;
	bool codeless;
	bool input; /* something to link */
};

static void look_at_option(struct reading *reading, const char *arg)
{
	struct ot_cc_facts *facts = reading->facts;

	if (among(no_link, NR(no_link), arg) || starts(arg, "-print-") || starts(arg, "--print-") ||
	    starts(arg, "--autocomplete="))
		reading->stops = true;
	if (among(no_code, NR(no_code), arg))
		reading->codeless = true;
	if (among(debug_on, NR(debug_on), arg))
		facts->debug = true;
	else if (strcmp(arg, "-g0") == 0 || strcmp(arg, "-ggdb0") == 0)
		facts->debug = false;
	else if (strcmp(arg, "-flto") == 0 || starts(arg, "-flto="))
		facts->lto = true;
	else if (strcmp(arg, "-fno-lto") == 0)
		facts->lto = false;
	else if (strcmp(arg, "-ffat-lto-objects") == 0)
		facts->fat_lto = true;
	else if (strcmp(arg, "-fno-fat-lto-objects") == 0)
		facts->fat_lto = false;
	else if (starts(arg, "--ld-path=")) {
		facts->linker = strchr(arg, '=') + 1;
		reading->ld_path = true;
	} else if (starts(arg, "-fuse-ld=") && !reading->ld_path)
		facts->linker = arg[strlen("-fuse-ld=")] ? strchr(arg, '=') + 1 : NULL;
	else if (starts(arg, "-l") || starts(arg, "-Wl,"))
		reading->input = true;
	else if (starts(arg, "-x"))
		reading->language = arg + 2;
	else if (starts(arg, "--language="))
		reading->language = strchr(arg, '=') + 1;
}

static void look_at_value(struct reading *reading, const char *option, const char *value)
{
	if (strcmp(option, "-x") == 0 || strcmp(option, "--language") == 0)
		reading->language = value;
	else if (strcmp(option, "-l") == 0 || strcmp(option, "-Xlinker") == 0 ||
		 strcmp(option, "--for-linker") == 0)
		reading->input = true;
}

void ot_cc_look(char *const *args, struct ot_cc_facts *facts)
{
	struct reading reading = {.facts = facts};

	*facts = (struct ot_cc_facts){0};
	facts->internal = args[0] && starts(args[0], "-cc1");
	for (; *args; args++) {
		const char *arg = *args;

		if (arg[0] != '-' || !arg[1]) {
			reading.input = true;
			facts->compiles |= is_source(arg, reading.language);
		} else if (among(with_value, NR(with_value), arg) || starts(arg, "-Xarch_") ||
			   starts(arg, "-Xopenmp-target=")) {
			if (!args[1])
				break;
			look_at_value(&reading, arg, *++args);
		} else {
			look_at_option(&reading, arg);
		}
	}
	facts->compiles &= !reading.codeless && !facts->internal;
	facts->links = reading.input && !reading.stops && !facts->internal;
}
