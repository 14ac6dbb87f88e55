/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what a guest sends to its IVirtualMachineService: the follower of its bytes comes to the same end
 * however they are cut, never lets a message above the limit pass, and what passes goes through
 * GDBus's reader of messages. Also the failure port's text.
 */
#include <stdlib.h>

#include "vmm/service/death.h"
#include "vmm/service/limited_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct stream_limits limits = { .message_bytes = 256, .messages = 4 };

/* In pieces of @step bytes; false if it was refused. */
static bool follow(struct stream_follow *f, const uint8_t *data, size_t size, size_t step)
{
	bool passes = true;

	for (size_t at = 0; at < size && passes; at += step) {
		g_autoptr(GError) error = NULL;

		passes = stream_follow_bytes(f, &limits, data + at, MIN(step, size - at), &error);
		if (passes != (error == NULL) || f->left > limits.message_bytes) {
			abort();
		}
	}
	return passes;
}

static void read_message(const uint8_t *data, size_t size)
{
	void *copy = g_memdup2(data, size);
	GDBusMessage *message =
		g_dbus_message_new_from_blob(copy, size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);

	if (message != NULL) {
		g_object_unref(message);
	}
	g_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream_follow whole = { 0 };
	struct stream_follow bytes = { 0 };
	struct stream_follow thirds = { 0 };
	enum avf_death_reason reason = AVF_DEATH_UNKNOWN;
	bool passes = follow(&whole, data, size, size > 0 ? size : 1);

	if (follow(&bytes, data, size, 1) != passes || follow(&thirds, data, size, 3) != passes ||
	    whole.message_count != bytes.message_count || whole.message_count > limits.messages ||
	    (passes && (whole.left != bytes.left || whole.messages != bytes.messages))) {
		abort();
	}
	read_message(data, MIN(size, limits.message_bytes));
	if (death_from_failure_text((const char *)data, size, &reason) &&
	    reason < AVF_DEATH_PVM_FIRMWARE_PUBLIC_KEY_MISMATCH) {
		abort();
	}
	return 0;
}
