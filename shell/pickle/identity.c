// SPDX-License-Identifier: BSD-2-Clause
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "pickle/identity.h"

static void add_build_id(int fd, struct ot_buf *out)
{
	const unsigned char *id;
	Elf *elf;
	ssize_t nr;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	nr = elf ? dwelf_elf_gnu_build_id(elf, (const void **)&id) : 0;
	for (ssize_t i = 0; i < nr; i++)
		ot_buf_addf(out, "%02x", id[i]);
	elf_end(elf);
}

char *ot_pickle_identity(int fd)
{
	struct ot_buf text = OT_BUF_INIT;
	struct stat st;

	add_build_id(fd, &text);
	if (!text.len && !fstat(fd, &st))
		ot_buf_addf(&text, "size %lld time %lld.%09ld", (long long)st.st_size,
			    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return ot_buf_take(&text);
}
