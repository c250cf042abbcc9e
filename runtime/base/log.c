/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/stat.h>

#include "base/log.h"
#include "base/sys.h"

void (*ot_on_failure)(void);
bool (*ot_log_to)(const char *line);
static uint32_t failed;

static struct {
	bool known;
	uint64_t device;
	uint64_t inode;
	int apart_tid; /* the thread whose descriptors are its own; 0 = none */
} standard_error;

static bool identify(int fd, struct stat *status)
{
	return !OT_SYS(SYS_fstat, fd, status, 0, 0, 0, 0);
}

void ot_log_init(void)
{
	struct stat status;

	if (!identify(2, &status))
		return;
	standard_error.device =
		status.st_dev; /* NOLINT(clang-analyzer-core.*): the kernel wrote it */
	standard_error.inode = status.st_ino;
	standard_error.known = true;
}

void ot_log_apart(void)
{
	standard_error.apart_tid = ot_sys_gettid();
}

/* The main thread's number 2, brought into our own table. */
static int fetch(void)
{
	long process = OT_SYS(SYS_pidfd_open, ot_sys_getpid(), 0, 0, 0, 0, 0), fd;

	if (process < 0)
		return -1;
	fd = OT_SYS(SYS_pidfd_getfd, process, 2, 0, 0, 0, 0);
	ot_sys_close((int)process);
	return (int)fd;
}

static void write_line(int fd, const struct ot_text *text)
{
	struct stat status;

	/* a daemon has closed it, and opened its data in its place */
	if (standard_error.known && identify(fd, &status) &&
	    status.st_dev == standard_error.device && status.st_ino == standard_error.inode)
		ot_sys_write(fd, text->bytes, text->used_bytes);
}

static void print_line(struct ot_text *text)
{
	int fd;

	/* the line may have been cut: it ends with a line end all the same */
	if (text->used_bytes + 1 == text->size_bytes)
		text->used_bytes--;
	text->bytes[text->used_bytes++] = '\n';
	if (ot_sys_gettid() != standard_error.apart_tid) {
		write_line(2, text);
		return;
	}
	fd = fetch();
	if (fd < 0)
		return;
	write_line(fd, text);
	ot_sys_close(fd);
}

static void make_line(struct ot_text *text, const char *what, const char *detail)
{
	ot_text_add(text, "otrace: ");
	ot_text_add(text, what);
	if (!detail)
		return;
	ot_text_add(text, ": ");
	ot_text_add(text, detail);
}

void ot_log(const char *what, const char *detail)
{
	char buffer[512];
	struct ot_text text = OT_TEXT(buffer);

	make_line(&text, what, detail);
	if (!ot_log_to || !ot_log_to(buffer))
		print_line(&text);
}

void ot_log_errno(const char *what, const char *detail, long error)
{
	char buffer[256];
	struct ot_text text = OT_TEXT(buffer);

	ot_text_add(&text, detail);
	ot_text_add(&text, " (error ");
	ot_text_add_u64(&text, (uint64_t)(error < 0 ? -error : error), 10);
	ot_text_add(&text, ")");
	ot_log(what, buffer);
}

bool ot_failed(void)
{
	return __atomic_load_n(&failed, __ATOMIC_RELAXED);
}

void ot_assert_failed(const char *file, unsigned line, const char *condition)
{
	char buffer[256], message[512];
	struct ot_text text = OT_TEXT(buffer), all = OT_TEXT(message);

	if (__atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST))
		return;
	ot_text_add(&text, ot_basename(file));
	ot_text_add(&text, ":");
	ot_text_add_u64(&text, line, 10);
	ot_text_add(&text, ": ");
	ot_text_add(&text, condition);
	make_line(&all, "assertion failed, tracing is switched off", buffer);
	print_line(&all);
	if (ot_on_failure)
		ot_on_failure();
}
