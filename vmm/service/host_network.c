/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* setns */
#include "vmm/service/host_network.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "vmm/loopback.h"
#include "vmm/service/ipc_error.h"

/* Of this thread: name spaces are a thread's (namespaces(7)). */
#define OWN_NETWORK "/proc/thread-self/ns/net"

static int host = -1; /* a descriptor of its name space; -1: the service is in it */

void host_network_keep(void)
{
	host = open(OWN_NETWORK, O_RDONLY | O_CLOEXEC);
}

/* In the host's network; then back, or the service would go on where its VMs are not. */
static int listen_there(uint16_t port)
{
	int own = open(OWN_NETWORK, O_RDONLY | O_CLOEXEC);
	int saved, fd = -1;

	if (own >= 0 && setns(host, CLONE_NEWNET) == 0) {
		fd = loopback_listen(port);
		saved = errno;
		if (setns(own, CLONE_NEWNET) != 0) {
			g_error("cannot return to the service's own network: %s",
				g_strerror(errno));
		}
		errno = saved;
	}
	saved = errno;
	if (own >= 0) {
		close(own);
	}
	errno = saved;
	return fd;
}

int host_network_listen(uint16_t port, GError **error)
{
	int fd = host < 0 ? loopback_listen(port) : listen_there(port);

	if (fd < 0) {
		ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC,
			      "gdb-port: cannot listen on port %u of 127.0.0.1: %s", port,
			      g_strerror(errno));
	}
	return fd;
}
