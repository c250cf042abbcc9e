/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "target/client.h"
#include "target/glance.h"

static struct ot_err *ask(struct ot_client *client, const char *socket_path, uint64_t end_ms)
{
	OT_TRY(ot_client_open_within(client, socket_path, end_ms));
	return ot_client_send(client, OTRACE_MSG_GLANCE, NULL, 0, end_ms);
}

static struct ot_err *take_answer(struct ot_client *client, uint64_t end_ms,
				  struct otrace_glance *ret)
{
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;
	int status = 0;

	OT_TRY(ot_client_await(client, end_ms, &reply, &status));
	if (status)
		return ot_client_refusal(status, &reply);
	if (reply.len < sizeof(*ret))
		return ot_err_new(OT_ERR_DAMAGED, "the runtime's answer is too short");
	memcpy(ret, reply.data, sizeof(*ret));
	return NULL;
}

/* Asked one after the other, which does not wait, then the answers: all have the same time for them. */
void ot_glance_all(struct ot_glance *items, size_t nr, unsigned int patience_ms)
{
	struct ot_client *clients = ot_alloc((nr + 1) * sizeof(*clients));
	uint64_t end_ms = ot_client_deadline(patience_ms);

	for (size_t i = 0; i < nr; i++)
		items[i].err = ask(&clients[i], items[i].socket_path, end_ms);
	for (size_t i = 0; i < nr; i++) {
		if (!items[i].err)
			items[i].err = take_answer(&clients[i], end_ms, &items[i].info);
		ot_client_deinit(&clients[i]);
	}
	free(clients);
}
