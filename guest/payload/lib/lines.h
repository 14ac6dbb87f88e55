/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the examples that listen on vsock share: a port, and lines that go back with their bytes in the other order. */
#ifndef GUEST_PAYLOAD_LIB_LINES_H
#define GUEST_PAYLOAD_LIB_LINES_H

#include <stdint.h>

/* A socket that listens on vsock @port. -1 and errno. */
int lines_listen(uint32_t port);

/* Serve connection @fd, which is closed, to its end or to the line "quit". Returns 1 after that line, else 0. */
int lines_serve(int fd);

#endif /* GUEST_PAYLOAD_LIB_LINES_H */
