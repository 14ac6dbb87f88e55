/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A payload for measurements (scenarios/performance): the interface interfaces/benchmark_service.xml on vsock port 6001, and on port
 * 6002 a plain stream. Its first byte says what is done with the rest: 'e' each byte comes back at once; 's' all is read to
 * the end, and then the number of bytes comes back, 8 bytes with the lowest first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <linux/vm_sockets.h>

#include <vm_main.h>
#include <vm_payload.h>

#include "payload/benchmark_service.h"

#define RPC_PORT 6001
#define STREAM_PORT 6002
#define PAGE_BYTES 4096
#define CHUNK_BYTES 65536
#define NS_PER_S 1000000000U
/* Pages in the order 0, step, 2 * step, ... modulo their number: all of them, where the two have no common divisor. */
#define PAGE_STEP 7919

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static gboolean read_at(int fd, uint64_t at, size_t bytes, uint64_t *sum)
{
	static char buffer[CHUNK_BYTES];
	ssize_t got = pread(fd, buffer, bytes, (off_t)at);

	*sum += got > 0 ? (uint64_t)got : 0;
	return got > 0;
}

static gboolean read_in_order(int fd, uint64_t size, uint64_t *sum)
{
	while (*sum < size) {
		if (!read_at(fd, *sum, CHUNK_BYTES, sum)) {
			return FALSE;
		}
	}
	return TRUE;
}

static gboolean read_at_random(int fd, uint64_t size, uint64_t *sum)
{
	uint64_t pages = (size + PAGE_BYTES - 1) / PAGE_BYTES;

	pages -= pages % PAGE_STEP == 0; /* then it would be one page again and again */
	for (uint64_t i = 0; i < pages; i++) {
		if (!read_at(fd, i * PAGE_STEP % pages * PAGE_BYTES, PAGE_BYTES, sum)) {
			return FALSE;
		}
	}
	return TRUE;
}

/* The bytes that were read and how long it took; FALSE with errno. */
static gboolean measure(const char *path, gboolean random, uint64_t *bytes, uint64_t *ns)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t began;
	struct stat status;
	gboolean done;

	*bytes = 0;
	if (fd < 0) {
		return FALSE;
	}
	if (fstat(fd, &status) != 0 ||
	    (errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)) != 0 ||
	    (random && (errno = posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM)) != 0)) {
		close(fd);
		return FALSE;
	}
	began = now_ns();
	done = random ? read_at_random(fd, (uint64_t)status.st_size, bytes) :
			read_in_order(fd, (uint64_t)status.st_size, bytes);
	*ns = now_ns() - began;
	close(fd);
	return done;
}

static gboolean measure_read_rate(PayloadBenchmarkService *service, GDBusMethodInvocation *call,
				  const char *path, gboolean random, gpointer data)
{
	uint64_t bytes, ns;

	(void)data;
	if (!measure(path, random, &bytes, &ns)) {
		g_dbus_method_invocation_return_error(call, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s",
						      path, g_strerror(errno));
		return TRUE;
	}
	payload_benchmark_service_complete_measure_read_rate(service, call, bytes, ns);
	return TRUE;
}

static gboolean get_mem_info(PayloadBenchmarkService *service, GDBusMethodInvocation *call,
			     gpointer data)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	GError *error = NULL;
	GVariantBuilder entries;

	(void)data;
	if (!g_file_get_contents("/proc/meminfo", &text, NULL, &error)) {
		g_dbus_method_invocation_take_error(call, error);
		return TRUE;
	}
	g_variant_builder_init(&entries, G_VARIANT_TYPE("a{st}"));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		char *colon = strchr(*line, ':');

		if (colon != NULL) {
			*colon = '\0';
			g_variant_builder_add(&entries, "{st}", *line,
					      g_ascii_strtoull(colon + 1, NULL, 10));
		}
	}
	payload_benchmark_service_complete_get_mem_info(service, call,
							g_variant_builder_end(&entries));
	return TRUE;
}

static gboolean nothing(PayloadBenchmarkService *service, GDBusMethodInvocation *call,
			gpointer data)
{
	(void)data;
	payload_benchmark_service_complete_nothing(service, call);
	return TRUE;
}

static void echo(int fd)
{
	char byte;

	while (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1) {
	}
}

static void sink(int fd)
{
	static char buffer[CHUNK_BYTES];
	uint64_t sum = 0;
	ssize_t got;

	while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
		sum += (uint64_t)got;
	}
	sum = GUINT64_TO_LE(sum);
	(void)!write(fd, &sum, sizeof(sum));
}

/* A thread: one stream after the other. */
static gpointer serve_streams(gpointer listener)
{
	int fd;

	while ((fd = accept(GPOINTER_TO_INT(listener), NULL, NULL)) >= 0) {
		char what;

		if (read(fd, &what, 1) == 1) {
			if (what == 'e') {
				echo(fd);
			} else if (what == 's') {
				sink(fd);
			}
		}
		close(fd);
	}
	return NULL;
}

static void listen_for_streams(void)
{
	const struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = STREAM_PORT,
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const void *)&address, sizeof(address)) != 0 ||
	    listen(fd, 1) != 0) {
		g_error("listening on port %d: %s", STREAM_PORT, g_strerror(errno));
	}
	g_thread_unref(g_thread_new("streams", serve_streams, GINT_TO_POINTER(fd)));
}

static void ready(void *param)
{
	(void)param;
	AVmPayload_notifyPayloadReady();
}

int AVmPayload_main(void)
{
	PayloadBenchmarkService *service = payload_benchmark_service_skeleton_new();

	g_signal_connect(service, "handle-nothing", G_CALLBACK(nothing), NULL);
	g_signal_connect(service, "handle-measure-read-rate", G_CALLBACK(measure_read_rate), NULL);
	g_signal_connect(service, "handle-get-mem-info", G_CALLBACK(get_mem_info), NULL);
	listen_for_streams();
	AVmPayload_runVsockRpcServer(G_DBUS_INTERFACE_SKELETON(service), RPC_PORT, ready, NULL);
}
