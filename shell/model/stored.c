// SPDX-License-Identifier: BSD-2-Clause
#include "model/internal.h"
#include "model/stored.h"

#define PAGE 4096ull
#define RUN_MAX_BYTES (256u * 1024u) /* a reader may want less than all */

size_t ot_program_nr_stored(const struct ot_program *program)
{
	return program->loaded.nr;
}

const struct otrace_module *ot_program_stored(const struct ot_program *program, size_t i,
					      const char **path_ret)
{
	*path_ret = program->loaded.items[i]->module.path;
	return &program->loaded.items[i]->from;
}

static bool have(const struct ot_image *image, uint64_t address)
{
	uint64_t page = (address - image->low) / PAGE;

	return image->have && address < image->high && image->have[page / 64] >> (page % 64) & 1;
}

const void *ot_program_stored_run(const struct ot_program *program, size_t i, uint64_t *at,
				  size_t *bytes_ret)
{
	const struct ot_image *image = &program->loaded.items[i]->image;
	uint64_t begin = *at < image->low ? image->low : *at, end;

	while (begin < image->high && !have(image, begin))
		begin += PAGE;
	for (end = begin; have(image, end) && end - begin < RUN_MAX_BYTES;)
		end += PAGE;
	if (end == begin)
		return NULL;
	*at = begin;
	*bytes_ret = end - begin;
	return image->base + (begin - image->low);
}
