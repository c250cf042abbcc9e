/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <string.h>

#include "base/names.h"
#include "base/vec.h"
#include "ui/options.h"

const char ot_options_help[] =
	"otrace [run] [OPTIONS] [--] PROG ARGS...  start PROG under the shell, held before main\n"
	"otrace attach [OPTIONS] PID|NAME          join a running process\n"
	"otrace ps                                 list the processes that can be joined\n"
	"otrace open [OPTIONS] FILE                look into a program, or contexts of one, no process\n"
	"otrace cc ARGS... | otrace c++ ARGS...    compile with instrumentation, as clang would\n"
	"\n"
	"  -e CMD           run a command of the shell (repeatable); no prompt then\n"
	"  -x FILE          run the commands in FILE, - for standard input\n"
	"  --json[=FILE]    write events and results as JSON, one object a line\n"
	"  --safe           the program stays as it is: no stores, calls or patches (what\n"
	"                   attach starts with)\n"
	"  --unsafe         allow them (what run starts with)\n"
	"  -f FUNC          run: call FUNC with ARGS instead of main, end with its result;\n"
	"                   -e and -x come before it\n"
	"  --go             run: do not wait at main for the command run\n"
	"  --for SECONDS    attach: detach after this time\n"
	"  --no-init        do not run ~/.config/otrace/init and ./.otracerc first; in scripts\n"
	"                   with --json they are not run anyway\n"
	"  --version, --help\n"
	"\n"
	"A program that shall be joined later is started with\n"
	"  LD_PRELOAD=/path/to/libotrace.so OTRACE=listen PROG\n"
	"and with OTRACE=listen,fork its forked children can be joined too.\n"
	"In the shell, `help` lists the commands; `otrace help COMMAND` tells of one.\n";

enum {
	LONG_JSON = 256,
	LONG_SAFE,
	LONG_UNSAFE,
	LONG_GO,
	LONG_FOR,
	LONG_NO_INIT,
	LONG_GUEST,
	LONG_HELP,
	LONG_VERSION
};

static const struct option long_options[] = {
	{"json", optional_argument, NULL, LONG_JSON},
	{"safe", no_argument, NULL, LONG_SAFE},
	{"unsafe", no_argument, NULL, LONG_UNSAFE},
	{"go", no_argument, NULL, LONG_GO},
	{"for", required_argument, NULL, LONG_FOR},
	{"help", no_argument, NULL, LONG_HELP},
	{"version", no_argument, NULL, LONG_VERSION},
	{"no-init", no_argument, NULL, LONG_NO_INIT},
	{"guest", no_argument, NULL, LONG_GUEST}, /* for otrace_set_trace(), not for people */
	{NULL, 0, NULL, 0},
};

static const struct {
	const char *word;
	enum ot_mode mode;
} modes[] = {
	{"run", OT_MODE_RUN},	{"attach", OT_MODE_ATTACH}, {"open", OT_MODE_OPEN},
	{"help", OT_MODE_HELP}, {"ps", OT_MODE_PS},	    {"cc", OT_MODE_CC},
	{"c++", OT_MODE_CXX},
};

static bool take_mode(const char *word, enum ot_mode *mode)
{
	for (size_t i = 0; i < OT_NR(modes); i++) {
		if (!strcmp(modes[i].word, word)) {
			*mode = modes[i].mode;
			return true;
		}
	}
	return false;
}

bool ot_options_is_mode(const char *word)
{
	enum ot_mode mode;

	return take_mode(word, &mode);
}

static void add_script(struct ot_options *o, bool is_file, const char *text)
{
	o->scripts = ot_realloc(o->scripts, o->nr_scripts + 1, sizeof(*o->scripts));
	o->scripts[o->nr_scripts].is_file = is_file;
	o->scripts[o->nr_scripts++].text = text;
}

static struct ot_err *take_seconds(struct ot_options *o, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0) || seconds > 1e9)
		return ot_err_new(OT_ERR_USAGE, "--for wants a number of seconds, not \"%s\"",
				  text);
	o->seconds = seconds;
	return NULL;
}

static struct ot_err *unknown_option(const char *word)
{
	struct ot_err *err =
		ot_err_new(OT_ERR_USAGE, "unknown option %s (otrace --help lists them)", word);
	struct ot_nearest nearest;

	if (strncmp(word, "--", 2) != 0)
		return err;
	ot_nearest_init(&nearest, word + 2);
	for (const struct option *option = long_options; option->name; option++)
		ot_nearest_offer(&nearest, option->name);
	for (int i = 0; i < nearest.nr; i++) {
		ot_auto_free char *name = ot_asprintf("--%s", nearest.best[i].name);

		ot_err_near(err, name);
	}
	return err;
}

static struct ot_err *take_option(struct ot_options *o, int c, const char *word)
{
	switch (c) {
	case 'e':
	case 'x':
		add_script(o, c == 'x', optarg);
		return NULL;
	case 'f':
		o->function = optarg;
		return NULL;
	case LONG_JSON:
		o->json = true;
		o->json_file = optarg;
		return NULL;
	case LONG_SAFE:
		o->safety = OT_SAFETY_SAFE;
		return NULL;
	case LONG_UNSAFE:
		o->safety = OT_SAFETY_UNSAFE;
		return NULL;
	case LONG_GO:
		o->go = true;
		return NULL;
	case LONG_FOR:
		return take_seconds(o, optarg);
	case LONG_NO_INIT:
		o->no_init = true;
		return NULL;
	case LONG_GUEST:
		o->guest = true;
		return NULL;
	case 'h':
	case LONG_HELP:
		o->mode = OT_MODE_HELP;
		return NULL;
	case LONG_VERSION:
		o->mode = OT_MODE_VERSION;
		return NULL;
	case ':':
		return ot_err_new(OT_ERR_USAGE, "option %s wants an argument", word);
	default:
		return unknown_option(word);
	}
}

/* What does not belong together. */
static struct ot_err *check(const struct ot_options *o)
{
	static const char *const wants[] = {
		[OT_MODE_RUN] = "a program to start",
		[OT_MODE_ATTACH] = "a PID or the name of a process",
		[OT_MODE_OPEN] = "a file",
	};
	int nr_words = o->mode == OT_MODE_PS ? 0 : 1;

	if (o->mode >= OT_MODE_HELP)
		return NULL;
	if (o->mode <= OT_MODE_OPEN && !o->argc)
		return ot_err_new(OT_ERR_USAGE, "%s%s is missing (otrace --help)",
				  o->mode == OT_MODE_RUN      ? ""
				  : o->mode == OT_MODE_ATTACH ? "attach: "
							      : "open: ",
				  wants[o->mode]);
	if (o->mode == OT_MODE_PS && (o->nr_scripts || o->json || o->safety))
		return ot_err_new(OT_ERR_USAGE, "ps has no options");
	if (o->mode != OT_MODE_RUN && o->argc > nr_words)
		return ot_err_new(OT_ERR_USAGE, "one too many: \"%s\"", o->argv[nr_words]);
	if (o->mode != OT_MODE_RUN && (o->function || o->go))
		return ot_err_new(OT_ERR_USAGE, "-f and --go are for run only");
	if (o->mode != OT_MODE_ATTACH && o->seconds >= 0)
		return ot_err_new(OT_ERR_USAGE, "--for is for attach only");
	return NULL;
}

struct ot_err *ot_options_parse(int argc, char **argv, struct ot_options *ret)
{
	struct ot_options o = {.mode = OT_MODE_RUN, .seconds = -1};
	struct ot_err *err = NULL;
	const char *letters;
	int c;

	if (argc == 1) {
		o.mode = OT_MODE_HELP;
	} else if (take_mode(argv[1], &o.mode)) {
		o.help_words = o.mode == OT_MODE_HELP;
		argc--;
		argv++;
	}
	o.argc = argc - 1;
	o.argv = argv + 1;
	/* The compiler's arguments are the compiler's. */
	if (o.mode == OT_MODE_CC || o.mode == OT_MODE_CXX) {
		*ret = o;
		return NULL;
	}
	/* Behind a program stand its own options; behind a PID or a file there can only be ours. */
	letters = o.mode == OT_MODE_RUN ? "+:e:x:f:h" : ":e:x:f:h";
	opterr = 0;
	optind = 0;
	while (!err && (c = getopt_long(argc, argv, letters, long_options, NULL)) != -1)
		err = take_option(&o, c, argv[optind - 1]);
	o.argc = argc - optind;
	o.argv = argv + optind;
	if (!err)
		err = check(&o);
	if (err) {
		ot_options_deinit(&o);
		return err;
	}
	*ret = o;
	return NULL;
}

void ot_options_deinit(struct ot_options *options)
{
	free(options->scripts);
	options->scripts = NULL;
	options->nr_scripts = 0;
}
