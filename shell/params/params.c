/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/names.h"
#include "cmds/cmd.h"
#include "params/params.h"

static void *field(const struct ot_params *params, const struct ot_setting *param)
{
	return (char *)params + param->offset;
}

/* ------------------------------------------------------------------ reading */

static struct ot_err *bad_value(const struct ot_setting *param, const char *text)
{
	ot_auto_buf struct ot_buf kind = OT_BUF_INIT;

	ot_setting_format_kind(param, &kind);
	return ot_err_new(OT_ERR_USAGE, "%s wants %s, not \"%s\"", param->name, ot_buf_text(&kind),
			  text);
}

static struct ot_err *read_bool(const struct ot_setting *param, const char *text, bool *ret)
{
	static const char *const yes[] = {"true", "on", "yes", "1"};
	static const char *const no[] = {"false", "off", "no", "0"};

	for (size_t i = 0; i < OT_NR(yes); i++) {
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			*ret = !strcasecmp(text, yes[i]);
			return NULL;
		}
	}
	return bad_value(param, text);
}

/* Reads digits; what stands behind them is left in *end. */
static bool read_digits(const char *text, uint64_t *ret, const char **end)
{
	char *behind;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*ret = strtoull(text, &behind, 10);
	*end = behind;
	return !errno;
}

static struct ot_err *read_number(const struct ot_setting *param, const char *text, uint64_t *ret)
{
	static const char suffixes[] = "kMG";
	const char *end, *suffix;
	uint64_t number, factor = 1;

	if (!read_digits(text, &number, &end))
		return bad_value(param, text);
	if (*end && param->kind == OT_SETTING_SIZE) {
		suffix = strchr(suffixes, *end == 'K' ? 'k' : *end);
		if (!suffix)
			return bad_value(param, text);
		factor = 1ull << (10 * (suffix - suffixes + 1));
		end++;
		end += *end == 'B' || *end == 'b';
	}
	if (*end || number > UINT64_MAX / factor || number * factor < param->min ||
	    number * factor > param->max)
		return bad_value(param, text);
	*ret = number * factor;
	return NULL;
}

static struct ot_err *read_duration(const struct ot_setting *param, const char *text, uint64_t *ret)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60e3}, {"min", 60e3}, {"h", 3600e3}};
	double number;
	char *end;

	if (!isdigit((unsigned char)*text) && *text != '.')
		return bad_value(param, text);
	number = strtod(text, &end);
	if (end == text || !isfinite(number) || strpbrk(text, "xXpP"))
		return bad_value(param, text);
	for (size_t i = 0; i < OT_NR(units); i++) {
		double ms = number * units[i].ms;

		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (ms < (double)param->min || ms > (double)param->max)
			return bad_value(param, text);
		*ret = (uint64_t)llround(ms);
		return NULL;
	}
	return bad_value(param, text);
}

/* Word number @nr of the list, its length in *len; NULL behind the last. */
static const char *word_at(const char *words, unsigned int nr, size_t *len)
{
	while (nr-- && words) {
		words = strchr(words, ' ');
		words = words ? words + 1 : NULL;
	}
	*len = words ? strcspn(words, " ") : 0;
	return words;
}

static struct ot_err *read_word(const struct ot_setting *param, const char *text, unsigned int *ret)
{
	const char *word;
	size_t len;

	for (unsigned int i = 0; (word = word_at(param->words, i, &len)); i++) {
		if (strlen(text) == len && !strncasecmp(word, text, len)) {
			*ret = i;
			return NULL;
		}
	}
	return bad_value(param, text);
}

static struct ot_err *read_value(const struct ot_setting *param, const char *text,
				 struct ot_params *params)
{
	uint64_t number = 0;

	switch (param->kind) {
	case OT_SETTING_BOOL:
		return read_bool(param, text, field(params, param));
	case OT_SETTING_UINT:
		OT_TRY(read_number(param, text, &number));
		*(unsigned int *)field(params, param) = (unsigned int)number;
		return NULL;
	case OT_SETTING_SIZE:
		return read_number(param, text, field(params, param));
	case OT_SETTING_DURATION:
		return read_duration(param, text, field(params, param));
	case OT_SETTING_ENUM:
		return read_word(param, text, field(params, param));
	default:
		*(char **)field(params, param) = ot_strdup(text);
		return NULL;
	}
}

struct ot_err *ot_setting_set(struct ot_params *params, const struct ot_setting *param,
			      const char *text, struct ot_shell *shell)
{
	struct ot_params wanted = *params;
	struct ot_err *err;

	if (!*text && param->kind != OT_SETTING_TEXT)
		text = param->standard;
	OT_TRY(read_value(param, text, &wanted));
	err = param->apply ? param->apply(shell, &wanted) : NULL;
	if (param->kind == OT_SETTING_TEXT)
		free(*(char **)field(err ? &wanted : params, param));
	if (!err)
		*params = wanted;
	return err;
}

/* ------------------------------------------------------------------ life */

struct ot_params *ot_params_create(void)
{
	struct ot_params *params = ot_alloc(sizeof(*params));

	for (const struct ot_setting *param = ot_params_table; param->name; param++)
		if (read_value(param, param->standard, params))
			abort(); /* a mistake in the table */
	return params;
}

void ot_params_destroy(struct ot_params *params)
{
	if (!params)
		return;
	for (const struct ot_setting *param = ot_params_table; param->name; param++)
		if (param->kind == OT_SETTING_TEXT)
			free(*(char **)field(params, param));
	free(params);
}

const struct ot_params *ot_params_of(const struct ot_shell *shell)
{
	static struct ot_params *standard;

	if (shell && shell->params)
		return shell->params;
	if (!standard)
		standard = ot_params_create();
	return standard;
}

void ot_params_apply(struct ot_shell *shell)
{
	for (const struct ot_setting *param = ot_params_table; param->name; param++)
		if (param->apply)
			ot_err_destroy(param->apply(shell, shell->params));
}

struct ot_err *ot_setting_find(const char *name, const struct ot_setting **ret)
{
	struct ot_nearest nearest;
	struct ot_err *err;

	for (const struct ot_setting *param = ot_params_table; param->name; param++) {
		if (!strcmp(param->name, name)) {
			*ret = param;
			return NULL;
		}
	}
	err = ot_err_new(OT_ERR_NOT_FOUND, "no parameter \"%s\" (set lists them)", name);
	ot_nearest_init(&nearest, name);
	for (const struct ot_setting *param = ot_params_table; param->name; param++)
		ot_nearest_offer(&nearest, param->name);
	ot_nearest_add_to(&nearest, err);
	return err;
}

/* ------------------------------------------------------------------ writing */

static void format_size(struct ot_buf *out, uint64_t bytes)
{
	static const char suffixes[] = {'G', 'M', 'k'};

	for (unsigned int i = 0; i < OT_NR(suffixes); i++) {
		uint64_t factor = 1ull << (10 * (OT_NR(suffixes) - i));

		if (bytes && bytes % factor == 0) {
			ot_buf_addf(out, "%llu%c", (unsigned long long)(bytes / factor),
				    suffixes[i]);
			return;
		}
	}
	ot_buf_add_u64(out, bytes);
}

static void format_duration(struct ot_buf *out, uint64_t ms)
{
	if (ms < 60000 || ms % 60000)
		ot_buf_addf(out, "%g s", (double)ms / 1000);
	else if (ms % 3600000)
		ot_buf_addf(out, "%llu min", (unsigned long long)ms / 60000);
	else
		ot_buf_addf(out, "%llu h", (unsigned long long)ms / 3600000);
}

void ot_setting_format(const struct ot_params *params, const struct ot_setting *param,
		       struct ot_buf *out)
{
	const void *value = field(params, param);
	const char *word;
	size_t len;

	switch (param->kind) {
	case OT_SETTING_BOOL:
		ot_buf_adds(out, *(const bool *)value ? "true" : "false");
		break;
	case OT_SETTING_UINT:
		ot_buf_add_u64(out, *(const unsigned int *)value);
		break;
	case OT_SETTING_SIZE:
		format_size(out, *(const uint64_t *)value);
		break;
	case OT_SETTING_DURATION:
		format_duration(out, *(const uint64_t *)value);
		break;
	case OT_SETTING_ENUM:
		word = word_at(param->words, *(const unsigned int *)value, &len);
		ot_buf_add(out, word, len);
		break;
	case OT_SETTING_TEXT:
		ot_buf_adds(out, *(char *const *)value);
		break;
	}
}

static void format_bounds(const struct ot_setting *param, struct ot_buf *out,
			  void (*format)(struct ot_buf *out, uint64_t number))
{
	format(out, param->min);
	ot_buf_adds(out, " to ");
	format(out, param->max);
}

void ot_setting_format_kind(const struct ot_setting *param, struct ot_buf *out)
{
	const char *word;
	size_t len;

	switch (param->kind) {
	case OT_SETTING_BOOL:
		ot_buf_adds(out, "true or false");
		break;
	case OT_SETTING_UINT:
		ot_buf_adds(out, "a number, ");
		format_bounds(param, out, ot_buf_add_u64);
		break;
	case OT_SETTING_SIZE:
		ot_buf_adds(out, "a size, ");
		format_bounds(param, out, format_size);
		break;
	case OT_SETTING_DURATION:
		ot_buf_adds(out, "a time, ");
		format_bounds(param, out, format_duration);
		break;
	case OT_SETTING_ENUM:
		for (unsigned int i = 0; (word = word_at(param->words, i, &len)); i++)
			ot_buf_addf(out, "%s%.*s", i ? ", " : "", (int)len, word);
		break;
	case OT_SETTING_TEXT:
		ot_buf_adds(out, "a text");
		break;
	}
}

void ot_setting_words(const struct ot_setting *param, void (*offer)(void *priv, const char *word),
		      void *priv)
{
	const char *at;
	size_t len;

	if (param->kind == OT_SETTING_BOOL) {
		offer(priv, "true");
		offer(priv, "false");
	}
	for (unsigned int i = 0; param->words && (at = word_at(param->words, i, &len)); i++) {
		ot_auto_free char *word = ot_strndup(at, len);

		offer(priv, word);
	}
}
