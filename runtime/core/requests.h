/* SPDX-License-Identifier: BSD-2-Clause */
/** What each request does. */
#ifndef OT_CORE_REQUESTS_H
#define OT_CORE_REQUESTS_H

#include "core/message.h"

/* A client, from connect to close. */
struct ot_client {
	int fd; /* -1 = none */
	int pid;
	uint32_t session;  /* never comes again */
	bool greeted;	   /* HELLO was accepted */
	bool safe;	   /* no stores, redirects or calls */
	bool wants_ending; /* OTRACE_HELLO_ENDING */
	bool leaving;	   /* close when the reply is out */
	bool goes;	   /* let the held program go when the reply is out: it may end at once */
	struct otrace_go go;
	struct ot_inbox inbox;
};

/** Fills the reply to the message in the client's inbox. */
void ot_request_run(struct ot_client *client, struct ot_reply *reply);

/** Who is there, for who takes nobody's place; client_pid 0 = nobody is attached. */
void ot_request_glance(int client_pid, struct ot_reply *reply);

/* The parts, by file; each gets the payload. */
struct ot_payload {
	const uint8_t *bytes;
	uint64_t nr_bytes;
};

void ot_request_read(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_write(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_threads(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_tls(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_call(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_withdraw(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_resume(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_spare(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_parked(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_tag(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_untag(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_tags(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_release(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_post_mortem(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_fast_reads(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
void ot_request_held(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);

#endif
