/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"
#include "base/sys.h"

void (*ot_on_failure)(void);
static uint32_t failed;

static void print_line(struct ot_text *text)
{
	/* the line may have been cut: it ends with a line end all the same */
	if (text->used_bytes + 1 == text->size_bytes)
		text->used_bytes--;
	text->bytes[text->used_bytes++] = '\n';
	ot_sys_write(2, text->bytes, text->used_bytes);
}

void ot_log(const char *what, const char *detail)
{
	char buffer[512];
	struct ot_text text = OT_TEXT(buffer);

	ot_text_add(&text, "otrace: ");
	ot_text_add(&text, what);
	if (detail) {
		ot_text_add(&text, ": ");
		ot_text_add(&text, detail);
	}
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
	char buffer[256];
	struct ot_text text = OT_TEXT(buffer);

	if (__atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST))
		return;
	ot_text_add(&text, ot_basename(file));
	ot_text_add(&text, ":");
	ot_text_add_u64(&text, line, 10);
	ot_text_add(&text, ": ");
	ot_text_add(&text, condition);
	ot_log("assertion failed, tracing is switched off", buffer);
	if (ot_on_failure)
		ot_on_failure();
}
