// SPDX-License-Identifier: BSD-2-Clause
#include <fnmatch.h>
#include <string.h>

#include "base/names.h"

#define DISTANCE_MAX_BYTES 64u

bool ot_glob_is(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		else if (strchr("*?[", *text))
			return true;
	}
	return false;
}

bool ot_glob_match(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, 0) == 0;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int smaller = a < b ? a : b;

	return smaller < c ? smaller : c;
}

unsigned int ot_nearest_distance(const char *a, const char *b, unsigned int limit)
{
	unsigned int rows[3][DISTANCE_MAX_BYTES + 1];
	size_t len_a = strlen(a);
	size_t len_b = strlen(b);
	size_t gap = len_a > len_b ? len_a - len_b : len_b - len_a;

	if (gap > limit || len_a > DISTANCE_MAX_BYTES || len_b > DISTANCE_MAX_BYTES)
		return limit + 1;
	for (unsigned int j = 0; j <= len_b; j++)
		rows[0][j] = j;
	for (unsigned int i = 1; i <= len_a; i++) {
		unsigned int *row = rows[i % 3];
		const unsigned int *above = rows[(i - 1) % 3];
		unsigned int best = row[0] = i;

		for (unsigned int j = 1; j <= len_b; j++) {
			unsigned int changed = above[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = min3(above[j] + 1, row[j - 1] + 1, changed);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[(i - 2) % 3][j - 2] + 1 < row[j])
				row[j] = rows[(i - 2) % 3][j - 2] + 1;
			best = row[j] < best ? row[j] : best;
		}
		if (best > limit)
			return limit + 1;
	}
	return rows[len_a % 3][len_b];
}

void ot_nearest_init(struct ot_nearest *nearest, const char *wanted)
{
	memset(nearest, 0, sizeof(*nearest));
	nearest->wanted = wanted;
	nearest->wanted_len = strlen(wanted);
}

/* Of two letters one is half of the word: changed, it is another word, swapped it is a slip. */
static bool is_another_word(const char *wanted, size_t len, const char *name)
{
	return len == 2 && strlen(name) == 2 && (wanted[0] != name[1] || wanted[1] != name[0]);
}

/* Smaller is nearer. A name that goes on where the wanted one stops is near, however long. */
static unsigned int nearest_distance(const struct ot_nearest *nearest, const char *name,
				     unsigned int limit)
{
	unsigned int distance;

	if (!strcasecmp(nearest->wanted, name))
		return 0;
	if (is_another_word(nearest->wanted, nearest->wanted_len, name))
		return limit + 1;
	distance = ot_nearest_distance(nearest->wanted, name, limit);
	if (distance > 1 && nearest->wanted_len >= 3 &&
	    !strncasecmp(nearest->wanted, name, nearest->wanted_len))
		return 2;
	return distance;
}

void ot_nearest_offer(struct ot_nearest *nearest, const char *name)
{
	unsigned int limit = nearest->wanted_len < 4 ? 1 : nearest->wanted_len < 8 ? 2 : 3;
	unsigned int distance = nearest_distance(nearest, name, limit);
	int max = (int)OT_NR(nearest->best);
	int at;

	if (distance > limit)
		return;
	for (at = 0; at < nearest->nr; at++)
		if (!strcmp(nearest->best[at].name, name))
			return;
	for (at = nearest->nr; at > 0 && nearest->best[at - 1].distance > distance; at--)
		if (at < max)
			nearest->best[at] = nearest->best[at - 1];
	if (at >= max)
		return;
	nearest->best[at].name = name;
	nearest->best[at].distance = distance;
	if (nearest->nr < max)
		nearest->nr++;
}

void ot_nearest_add_to(const struct ot_nearest *nearest, struct ot_err *err)
{
	for (int i = 0; i < nearest->nr; i++)
		ot_err_near(err, nearest->best[i].name);
}

/* Whether nr names fit in the width in so many columns; fills in each column's width. */
static bool columns_fit(const size_t *lens, size_t nr, size_t columns, size_t width, size_t *widths)
{
	size_t rows = columns ? (nr + columns - 1) / columns : 0;
	size_t total = 0;

	for (size_t c = 0; c < columns; c++) {
		widths[c] = 0;
		for (size_t i = c * rows; i < (c + 1) * rows && i < nr; i++)
			widths[c] = lens[i] > widths[c] ? lens[i] : widths[c];
		total += widths[c] + (c ? 2 : 0);
	}
	return total <= width;
}

/* Columns of a terminal that a UTF-8 text takes, near enough. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

void ot_columns_format_coloured(const char *const *names, const char *const *before,
				const char *after, size_t nr, unsigned int width,
				struct ot_buf *out)
{
	ot_auto_free size_t *lens = ot_realloc(NULL, nr, sizeof(*lens));
	ot_auto_free size_t *widths = NULL;
	size_t columns = width / 3 + 1;
	size_t rows;

	if (!nr)
		return;
	for (size_t i = 0; i < nr; i++)
		lens[i] = text_width(names[i]);
	columns = columns < nr ? columns : nr;
	columns = columns ? columns : 1;
	widths = ot_realloc(NULL, columns, sizeof(*widths));
	while (columns > 1 && !columns_fit(lens, nr, columns, width, widths))
		columns--;
	columns_fit(lens, nr, columns, width, widths);
	rows = (nr + columns - 1) / columns;
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0, i = r; c < columns && i < nr; c++, i += rows) {
			bool coloured = before && before[i] && *before[i];

			ot_buf_adds(out, coloured ? before[i] : "");
			ot_buf_adds(out, names[i]);
			ot_buf_adds(out, coloured ? after : "");
			if (i + rows < nr)
				ot_buf_pad(out, ' ', widths[c] - lens[i] + 2);
		}
		ot_buf_addc(out, '\n');
	}
}

void ot_columns_format(const char *const *names, size_t nr, unsigned int width, struct ot_buf *out)
{
	ot_columns_format_coloured(names, NULL, NULL, nr, width, out);
}
