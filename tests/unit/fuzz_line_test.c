/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One property: whatever lines somebody types, each ends with a result or an error, and so does asking
 * for what may stand at its end. The shell is a whole one over a made program, but confined: no files
 * are written and no commands of the machine run. Without a fuzzer this replays the corpus and changes
 * of it; tests/fuzz/run makes a fuzzer of it. test-links: oshell
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>

#include "fake_program.h"
#ifndef OT_FUZZER
#include "fuzz_changes.h"
#endif
#include "cmds/split.h"
#include "ui/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void ignore(struct ot_cmd_completion *completion, const char *text)
{
	(void)completion;
	(void)text;
}

/* As when TAB is pressed at the end. */
static void complete(struct ot_shell *shell, const char *line)
{
	size_t before = strlen(line), word = ot_split_last_word(line);
	struct ot_cmd_completion completion = {.offer = ignore};
	struct ot_cmd_completion typed = {.offer = ignore, .as_typed = true, .word = line + word};
	ot_auto_free char *copy = NULL, *until_word = ot_strndup(line, word);

	while (before && line[before - 1] != ' ')
		before--;
	copy = ot_strndup(line, before);
	completion.word = line + before;
	ot_cmd_complete(shell, copy, &completion);
	ot_cmd_complete(shell, until_word, &typed);
}

/* These take their time on purpose. */
static bool takes_time(const char *line)
{
	return strstr(line, "wait") || strstr(line, "repeat") || strstr(line, "shell_timeout");
}

static struct ot_session *open_session(void)
{
	struct ot_ui_options ui = {.json = true,
				   .json_fd = open("/dev/null", O_WRONLY | O_CLOEXEC)};
	struct ot_session_options options = {.safe = true};
	struct ot_session *session;

	ui.json_only = true;
	options.ui = ot_ui_create(&ui);
	options.target = &fake_create()->target;
	session = ot_session_create(&options);
	ot_session_shell(session)->confined = true;
	return session;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	ot_auto_free char *text = ot_strndup((const char *)data, bytes);
	struct ot_session *session = open_session();
	struct ot_shell *shell = ot_session_shell(session);
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (takes_time(line))
			continue;
		complete(shell, line);
		ot_cmd_line(shell, line);
		shell->quit = false;
	}
	ot_session_destroy(session);
	return 0;
}

#ifndef OT_FUZZER

/* Bytes that make a line another one, not only a wrong one. */
static const char bits[] = ";|>!'\"\\*12 \n-./~$ lspraicd";

static void corpus_and_its_changes_never_crash(void **state)
{
	static const char *const corpus[] = {
		"pwd; ls -l | grep a; cd /osh/types; pr 1 | 2; 3",
		"alias p pr \\*\np counter > 1",
		"alias f f \\1 \\** \\*; f\nf 'a b' \"c\" d",
		"alias a b \\* \\*\nalias b a \\* \\*\na x y",
		"alias x 'x; x'\nx; x",
		"set\nset max_depth 3\nset add_env 'A=1 B'\nset pager less -R",
		"set max_string 4k; set width 3; ls; pr first",
		"help\nhelp *\nhelp set\nhelp no such",
		"view -d add\nview counter > x\nview 'add",
		"exec counter = 3; counter; ';'\n!counter++",
		"pipe pr counter | 3 | wc\npipe | \npipe pipe a | b | c",
		"cd ..; cd ..; cd /; ls; pr counter; cd -; cd osh",
		"source x\nnoecho pwd\n# comment; pwd",
		"trace add; untrace add; log -n 3; status; patch add with main; interrupt; run",
		"show add; doc add; uv; dv; cdt; cde; up; dn",
		"ls >> a b\nls >\nls |\nls || ls\nls > 'x",
		"head->next->name[1] == 'h' || !null",
		"\\\n\\;\n';'\n\";\n;;;\n| > ;\n!;!",
	};

	(void)state;
	for (size_t i = 0; i < OT_NR(corpus); i++)
		fuzz_replay(corpus[i], bits, LLVMFuzzerTestOneInput);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(corpus_and_its_changes_never_crash)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
