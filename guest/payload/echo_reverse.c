/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A payload that listens on vsock port 6000 and sends each line that comes back with its bytes in the other order. It ends with 0
 * after the line "quit".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include <android/log.h>
#include <vm_main.h>
#include <vm_payload.h>

#define PORT 6000

static int failed(const char *doing)
{
	__android_log_print(ANDROID_LOG_ERROR, "echo_reverse", "%s: %m", doing);
	return 1;
}

/* Serve one connection to its end; 1 after "quit". */
static int serve(int fd)
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

int AVmPayload_main(void)
{
	const struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = PORT,
	};
	int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd;

	if (listener < 0 || bind(listener, (const void *)&address, sizeof(address)) != 0 ||
	    listen(listener, 1) != 0) {
		return failed("listening");
	}
	AVmPayload_notifyPayloadReady();
	do {
		fd = accept(listener, NULL, NULL);
		if (fd < 0) {
			return failed("accepting");
		}
	} while (!serve(fd));
	return 0;
}
