/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmds/screen.h"
#include "ui/session.h"

#define CLEAR "\033[H\033[2J"
#define ENTER_SCREEN "\033[?1049h" CLEAR
#define LEAVE_SCREEN "\033[?1049l"

bool ot_screen_is_there(const struct ot_shell *shell)
{
	const char *term = getenv("TERM");

	return ot_session_terminal(shell) >= 0 && isatty(STDOUT_FILENO) && term &&
	       strcmp(term, "dumb") != 0 && !shell->capture;
}

void ot_screen_begin(struct ot_shell *shell)
{
	ot_ui_flush(shell->ui);
	ot_ui_hold(shell->ui, true);
	ot_ui_screen(shell->ui, ENTER_SCREEN, strlen(ENTER_SCREEN));
}

void ot_screen_end(struct ot_shell *shell)
{
	ot_ui_screen(shell->ui, LEAVE_SCREEN, strlen(LEAVE_SCREEN));
	ot_ui_hold(shell->ui, false);
}

/* As much as fits: what ran off the screen could not be read anyway. */
static size_t bytes_that_fit(const struct ot_buf *text)
{
	struct winsize size = {.ws_row = 24};
	unsigned int rows = 2; /* the heading, and the last row stays free */
	size_t i, column = 0;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	for (i = 0; i < text->len; i++) {
		column++;
		if (text->data[i] == '\n' || (size.ws_col && column > size.ws_col)) {
			column = 0;
			if (++rows >= size.ws_row)
				break;
		}
	}
	return i;
}

void ot_screen_draw(struct ot_shell *shell, const char *title, const struct ot_buf *text)
{
	ot_auto_buf struct ot_buf screen = OT_BUF_INIT;

	ot_buf_addf(&screen, "%s%s  (Enter or Ctrl-C ends it)\r\n", CLEAR, title);
	ot_buf_add(&screen, text->data, bytes_that_fit(text));
	ot_ui_screen(shell->ui, screen.data, screen.len);
}

bool ot_screen_pause(struct ot_shell *shell, unsigned int ms)
{
	if (ot_session_terminal(shell) >= 0)
		return ot_session_wait_line(shell, (int)ms);
	ot_session_wait(shell, ms);
	return false;
}
