/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "platform/host/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORTS_DIR "/sys/class/virtio-ports"
#define KERNEL_GROUP 1 /* multicast group of the kernel's own uevents */

void uevents_open(struct uevents *uevents)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };

	uevents->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			     NETLINK_KOBJECT_UEVENT);
	if (uevents->fd < 0 ||
	    bind(uevents->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		give_up("cannot listen to the kernel's device events: %s", strerror(errno));
	}
}

void uevents_drain(struct uevents *uevents)
{
	char event[4096];

	/* ENOBUFS says that events were lost; the caller looks at all ports anyway. */
	while (recv(uevents->fd, event, sizeof(event), 0) >= 0 || errno == ENOBUFS) {
	}
}

void uevents_wait(struct uevents *uevents, int limit_s, const char *what)
{
	struct pollfd poll_fd = { .fd = uevents->fd, .events = POLLIN };

	if (poll(&poll_fd, 1, limit_s * 1000) == 0) {
		give_up("no virtio-serial port has the name %s", what);
	}
	uevents_drain(uevents);
}

static bool port_is(const char *port, const char *name)
{
	char path[300];
	char seen[128];

	snprintf(path, sizeof(path), PORTS_DIR "/%s/name", port);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return false;
	}
	ssize_t size = read(fd, seen, sizeof(seen) - 1);

	close(fd);
	if (size <= 0) {
		return false;
	}
	seen[size] = '\0';
	seen[strcspn(seen, "\n")] = '\0';
	return strcmp(seen, name) == 0;
}

bool port_find(const char *name, char *path, size_t size)
{
	DIR *ports = opendir(PORTS_DIR);
	struct dirent *entry;
	bool found = false;

	if (ports == NULL) {
		return false;
	}
	while (!found && (entry = readdir(ports)) != NULL) {
		if (entry->d_name[0] != '.' && port_is(entry->d_name, name)) {
			int length = snprintf(path, size, "/dev/%s", entry->d_name);

			found = length > 0 && (size_t)length < size && access(path, F_OK) == 0;
		}
	}
	closedir(ports);
	return found;
}
