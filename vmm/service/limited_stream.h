/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An input stream for GDBus that fails as soon as the other end announces more than it may send.
 *
 * GDBus makes room for a message as its header asks, up to 128 MiB, and reads a line of
 * the authentication however long it is; a guest shall not choose how much memory the host
 * uses. So the bytes are followed here: lines up to BEGIN, then messages.
 */
#ifndef VMM_SERVICE_LIMITED_STREAM_H
#define VMM_SERVICE_LIMITED_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gio/gio.h>

#include "vmm/service/stream_bus.h"

/* All of an authentication; ours takes under 100 bytes. */
#define LIMITED_STREAM_AUTH_BYTES_MAX 4096
#define LIMITED_STREAM_HEADER_BYTES 16

/* How far the bytes of one connection have been followed. Zero is the start. */
struct stream_follow {
	bool messages;       /* BEGIN has been seen */
	uint32_t auth_bytes; /* so far */
	uint32_t line_bytes; /* of BEGIN matched; above its length: another line */
	uint8_t header[LIMITED_STREAM_HEADER_BYTES]; /* of the message that comes */
	uint32_t header_bytes;                       /* of it so far */
	uint64_t left;                               /* bytes of the message after its header */
	uint32_t message_count;
};

/*
 * Follow @count bytes that came in.
 *
 * Returns  true if all of them are within @limits.
 * Errors   false; G_IO_ERROR_MESSAGE_TOO_LARGE or G_IO_ERROR_INVALID_DATA.
 */
bool stream_follow_bytes(struct stream_follow *follow, const struct stream_limits *limits,
			 const uint8_t *bytes, size_t count, GError **error);

/* An input stream on @fd, which it closes; @limits must outlive it. */
GInputStream *limited_stream_new(int fd, const struct stream_limits *limits);

#endif /* VMM_SERVICE_LIMITED_STREAM_H */
