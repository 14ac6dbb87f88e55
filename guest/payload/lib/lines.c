/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/payload/lib/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

int lines_listen(uint32_t port)
{
	const struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = port,
	};
	int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener >= 0 && (bind(listener, (const void *)&address, sizeof(address)) != 0 ||
			      listen(listener, 1) != 0)) {
		close(listener);
		listener = -1;
	}
	return listener;
}

int lines_serve(int fd)
{
	FILE *stream = fdopen(fd, "r+");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	int quit = 0;

	while (!quit && stream != NULL && (length = getline(&line, &size, stream)) > 0) {
		length -= line[length - 1] == '\n';
		line[length] = '\0';
		quit = strcmp(line, "quit") == 0;
		while (length > 0) {
			fputc(line[--length], stream);
		}
		fputc('\n', stream);
		fflush(stream);
	}
	free(line);
	if (stream != NULL) {
		fclose(stream);
	}
	return quit;
}
