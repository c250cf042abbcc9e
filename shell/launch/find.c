/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/names.h"
#include "base/vec.h"
#include "launch/examine.h"
#include "launch/find.h"
#include "target/target.h"

#define LEFT_OVER_SECONDS 60

bool ot_find_is_private(const char *folder)
{
	struct stat status;

	return !lstat(folder, &status) && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
	       !(status.st_mode & 077);
}

/* The folders where a runtime of ours may have put its socket: ${OTRACE_DIR:-$XDG_RUNTIME_DIR/otrace, else /tmp/otrace-UID}
 */
static size_t socket_folders(char *folders[3])
{
	const char *dir = getenv("OTRACE_DIR");
	const char *run = getenv("XDG_RUNTIME_DIR");
	size_t nr = 0;

	if (dir && *dir) {
		folders[nr++] = ot_strdup(dir);
		return nr;
	}
	if (run && *run)
		folders[nr++] = ot_asprintf("%s/otrace", run);
	/* The process may have been started where XDG_RUNTIME_DIR was not set. */
	folders[nr] = ot_asprintf("/tmp/otrace-%u", (unsigned int)geteuid());
	/* Anybody may have made it, and what answers there could feed us anything. */
	if (ot_find_is_private(folders[nr]))
		nr++;
	else
		free(folders[nr]);
	return nr;
}

/* Of the executable: servers like to write other things into their command line. */
static char *process_name(pid_t pid)
{
	static const char deleted[] = " (deleted)";
	ot_auto_free char *link = ot_asprintf("/proc/%d/exe", (int)pid);
	char path[4096];
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	const char *slash;

	if (n < 0)
		return NULL;
	path[n] = '\0';
	if ((size_t)n > sizeof(deleted) && !strcmp(path + n - (sizeof(deleted) - 1), deleted))
		path[(size_t)n - (sizeof(deleted) - 1)] = '\0';
	slash = strrchr(path, '/');
	return ot_strdup(slash ? slash + 1 : path);
}

static bool is_number(const char *text)
{
	if (!*text || strlen(text) > 9)
		return false;
	for (; *text; text++)
		if (!isdigit((unsigned char)*text))
			return false;
	return true;
}

/*
 * The socket of a process that was killed. One in a container shares the folder perhaps, but not the numbers: it
 * answers. And one that is just starting does not yet: so only what is old goes.
 */
static void remove_left_over(const char *path)
{
	struct sockaddr_un where = {.sun_family = AF_UNIX};
	struct stat status;
	int fd;

	if (strlen(path) >= sizeof(where.sun_path) || lstat(path, &status) ||
	    !S_ISSOCK(status.st_mode) || time(NULL) - status.st_mtime < LEFT_OVER_SECONDS)
		return;
	memcpy(where.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&where, sizeof(where)) && errno == ECONNREFUSED)
		unlink(path);
	close(fd);
}

static void look_into(const char *folder, struct ot_found_list *list)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		struct ot_found found = {0};

		if (!is_number(entry->d_name))
			continue;
		found.pid = (pid_t)atoi(entry->d_name);
		found.name = process_name(found.pid);
		found.socket_path = ot_asprintf("%s/%s", folder, entry->d_name);
		if (found.name) {
			ot_vec_push(list, found);
		} else {
			remove_left_over(found.socket_path);
			free(found.socket_path);
		}
	}
	closedir(dir);
}

static int by_pid(const void *a, const void *b)
{
	const struct ot_found *fa = a, *fb = b;

	return (fa->pid > fb->pid) - (fa->pid < fb->pid);
}

void ot_find_all(struct ot_found_list *list)
{
	char *folders[3];
	size_t nr = socket_folders(folders);

	for (size_t i = 0; i < nr; i++) {
		look_into(folders[i], list);
		free(folders[i]);
	}
	if (list->nr)
		qsort(list->items, list->nr, sizeof(list->items[0]), by_pid);
}

void ot_found_list_deinit(struct ot_found_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		free(list->items[i].name);
		free(list->items[i].socket_path);
	}
	ot_vec_deinit(list);
}

/* Why a process that is there does not listen, and what to do. */
static struct ot_err *explain_pid(pid_t pid, const char *name)
{
	ot_auto_free char *exe = ot_asprintf("/proc/%d/exe", (int)pid);
	struct ot_target *file = NULL;
	ot_auto_err struct ot_err *err = NULL;
	ot_auto_buf struct ot_buf why = OT_BUF_INIT;

	if (ot_examine_secure(pid))
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "process %d (%s) does not listen: " OT_EXAMINE_RAISED, (int)pid,
				  name);
	if (ot_examine_maps(pid, "libotrace"))
		return ot_err_new(
			OT_ERR_NOT_FOUND,
			"process %d (%s) has the runtime but does not listen where we look; "
			"was it started with another OTRACE_DIR, or without OTRACE=listen? "
			"(a forked child listens with OTRACE=listen,fork)",
			(int)pid, name);
	err = ot_target_file_open(exe, &file);
	ot_target_close(file);
	if (err && err->code == OT_ERR_NOT_FOUND)
		return ot_err_new(
			OT_ERR_NOT_FOUND,
			"process %d (%s) is not instrumented; compile it with `otrace cc`",
			(int)pid, name);
	if (ot_examine_no_preload(exe, &why))
		return ot_err_new(
			OT_ERR_NOT_FOUND,
			"process %d (%s) does not listen: %s, and start it with OTRACE=listen",
			(int)pid, name, ot_buf_text(&why));
	return ot_err_new(OT_ERR_NOT_FOUND,
			  "process %d (%s) does not listen; start it with "
			  "LD_PRELOAD=/path/to/libotrace.so OTRACE=listen %s",
			  (int)pid, name, name);
}

static struct ot_err *find_pid(pid_t pid, const struct ot_found_list *list, char **ret)
{
	ot_auto_free char *name = NULL;
	int error;

	for (size_t i = 0; i < list->nr; i++) {
		if (list->items[i].pid == pid) {
			*ret = ot_strdup(list->items[i].socket_path);
			return NULL;
		}
	}
	name = process_name(pid);
	error = kill(pid, 0) ? errno : 0;
	if (error == ESRCH)
		return ot_err_new(OT_ERR_NOT_FOUND, "there is no process %d", (int)pid);
	if (!name && !error)
		return ot_err_new(OT_ERR_NOT_FOUND, "process %d has no program to look at",
				  (int)pid);
	if (!name)
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "process %d is another user's: only that user and root can look",
				  (int)pid);
	return explain_pid(pid, name);
}

/* A process of that name which does not listen, for a better answer than "none". */
static pid_t any_process(const char *wanted)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	pid_t pid = 0;

	if (!dir)
		return 0;
	while (!pid && (entry = readdir(dir))) {
		ot_auto_free char *name = NULL;

		if (!is_number(entry->d_name) || atoi(entry->d_name) == getpid())
			continue;
		name = process_name((pid_t)atoi(entry->d_name));
		if (name && !strcmp(name, wanted))
			pid = (pid_t)atoi(entry->d_name);
	}
	closedir(dir);
	return pid;
}

static struct ot_err *nobody(const char *wanted, const struct ot_found_list *list)
{
	pid_t pid = any_process(wanted);
	struct ot_nearest nearest;
	struct ot_err *err;

	if (pid)
		return explain_pid(pid, wanted);
	err = ot_err_new(OT_ERR_NOT_FOUND,
			 "no process \"%s\" listens (otrace ps lists those that do)", wanted);
	ot_nearest_init(&nearest, wanted);
	for (size_t i = 0; i < list->nr; i++)
		ot_nearest_offer(&nearest, list->items[i].name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

static struct ot_err *find_name(const char *wanted, const struct ot_found_list *list, char **ret)
{
	const struct ot_found *match = NULL;
	ot_auto_buf struct ot_buf pids = OT_BUF_INIT;
	size_t nr = 0;

	for (size_t i = 0; i < list->nr; i++) {
		if (strcmp(list->items[i].name, wanted))
			continue;
		match = &list->items[i];
		ot_buf_addf(&pids, "%s%d", nr++ ? ", " : "", (int)match->pid);
	}
	if (nr > 1)
		return ot_err_new(OT_ERR_AMBIGUOUS,
				  "%zu processes named \"%s\" listen: %s; say which by its number",
				  nr, wanted, ot_buf_text(&pids));
	if (!match)
		return nobody(wanted, list);
	*ret = ot_strdup(match->socket_path);
	return NULL;
}

struct ot_err *ot_find_process(const char *pid_or_name, char **ret)
{
	struct ot_found_list list = {0};
	struct ot_err *err;

	ot_find_all(&list);
	if (is_number(pid_or_name))
		err = find_pid((pid_t)atoi(pid_or_name), &list, ret);
	else
		err = find_name(pid_or_name, &list, ret);
	ot_found_list_deinit(&list);
	return err;
}
