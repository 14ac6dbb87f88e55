/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connected stream sockets: so many bytes or none of it counts. The guest's end of a test (guest/linux) has it too. */
#ifndef HOST_LIB_STREAM_H
#define HOST_LIB_STREAM_H

#include <stdbool.h>
#include <stddef.h>

/* No call on @fd, and no accept() or connect(), waits longer than @seconds: EAGAIN. */
void stream_limit(int fd, int seconds);

/* False and errno: less than @bytes went; a peer that is gone is EPIPE and no signal. */
bool stream_send(int fd, const void *from, size_t bytes);

/* False and errno: less than @bytes came; the peer's end before them is ECONNABORTED. */
bool stream_receive(int fd, void *to, size_t bytes);

#endif /* HOST_LIB_STREAM_H */
