/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What AVF's MicrodroidBenchmarks measure, for scenarios/performance: times by the host's clock, in ns; the payload is
 * guest/payload/benchmark.c. Moments are marks in the trace too (platform/abi/mark.h): "avf-run", "avf-live", "avf-stop", "avf-end"
 * with the number of the boot.
 */
#include "vmm/libavf/tools/avf_test.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "platform/abi/mark.h"

#define BOOTS 3 /* the first has the service's start in it */
#define RPC_PORT 6001
#define STREAM_PORT 6002
#define RPC_PATH "/org/terrarium/avf/payload"
#define RPC_INTERFACE "org.terrarium.payload.IBenchmarkService"
#define CALLS 50
#define CHUNK_BYTES 65536
#define TRANSFER_BYTES (8 * MIB)
/* A large file of the system image, of which little was read at the start. */
#define LARGE_FILE "/usr/lib/microdroid/libcrypto.so.3"
/* Where the least memory is looked for: in the first nothing of the system has room, in the last it must run. */
#define TOO_LITTLE_MIB 8
#define ENOUGH_MIB 64
#define MEMORY_STEP_MIB 2 /* the service takes even numbers */

static gint64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (gint64)now.tv_sec * G_GINT64_CONSTANT(1000000000) + now.tv_nsec;
}

static GVariant *call(GDBusConnection *bus, const char *method, GVariant *arguments,
		      const char *type)
{
	GError *error = NULL;
	GVariant *answer = g_dbus_connection_call_sync(bus, NULL, RPC_PATH, RPC_INTERFACE, method,
						       arguments, G_VARIANT_TYPE(type),
						       G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

	must(error, method);
	return answer;
}

static int open_stream(AvfVm *vm, char what)
{
	GError *error = NULL;
	int fd = avf_vm_connect_vsock(vm, STREAM_PORT, &error);

	must(error, "connecting to the stream");
	if (write(fd, &what, 1) != 1) {
		give_up("a stream", "it takes nothing");
	}
	return fd;
}

static void latency_of_vsock(AvfVm *vm)
{
	int fd = open_stream(vm, 'e');
	gint64 began = now_ns();

	for (int i = 0; i < CALLS; i++) {
		char byte = 'x';

		if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) {
			give_up("a stream", "a byte does not come back");
		}
	}
	say("latency_vsock", "ns=%lld", (long long)((now_ns() - began) / CALLS));
	close(fd);
}

static void transfer_by_vsock(AvfVm *vm)
{
	static char buffer[CHUNK_BYTES];
	int fd = open_stream(vm, 's');
	gint64 began = now_ns();
	guint64 arrived = 0;

	for (gint64 left = TRANSFER_BYTES; left > 0;) {
		gssize put = write(fd, buffer, (size_t)MIN(left, CHUNK_BYTES));

		if (put <= 0) {
			give_up("a stream", "it takes no more");
		}
		left -= put;
	}
	shutdown(fd, SHUT_WR);
	if (read(fd, &arrived, sizeof(arrived)) != sizeof(arrived)) {
		give_up("a stream", "no answer");
	}
	say("vsock_transfer_host_to_vm", "bytes=%" G_GUINT64_FORMAT " ns=%lld",
	    GUINT64_FROM_LE(arrived), (long long)(now_ns() - began));
	close(fd);
}

static void latency_of_rpc(GDBusConnection *bus)
{
	gint64 began = now_ns();

	for (int i = 0; i < CALLS; i++) {
		g_variant_unref(call(bus, "Nothing", NULL, "()"));
	}
	say("latency_rpc", "ns=%lld", (long long)((now_ns() - began) / CALLS));
}

static void read_rate(GDBusConnection *bus, const char *name, gboolean random)
{
	g_autoptr(GVariant) answer =
		call(bus, "MeasureReadRate", g_variant_new("(sb)", LARGE_FILE, random), "(tt)");
	guint64 bytes, ns;

	g_variant_get(answer, "(tt)", &bytes, &ns);
	say(name, "bytes=%" G_GUINT64_FORMAT " ns=%" G_GUINT64_FORMAT, bytes, ns);
}

static void memory_of_guest(GDBusConnection *bus)
{
	static const char *const names[] = { "MemTotal", "MemFree", "MemAvailable", "Buffers",
					     "Cached",   "Slab",    "SUnreclaim" };
	g_autoptr(GVariant) answer = call(bus, "GetMemInfo", NULL, "(a{st})");
	g_autoptr(GVariant) entries = g_variant_get_child_value(answer, 0);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		guint64 kib = 0;

		if (!g_variant_lookup(entries, names[i], "t", &kib)) {
			give_up("the guest's memory", names[i]);
		}
		say("guest_memory", "name=%s kib=%" G_GUINT64_FORMAT, names[i], kib);
	}
}

static void measure(AvfVm *vm)
{
	GError *error = NULL;
	g_autoptr(GDBusConnection) bus = avf_vm_connect_to_vsock_server(vm, RPC_PORT, NULL, &error);

	must(error, "connecting to the benchmark");
	memory_of_guest(bus);
	say_vmm_memory();
	latency_of_rpc(bus);
	latency_of_vsock(vm);
	transfer_by_vsock(vm);
	read_rate(bus, "virtio_blk_seq_read", FALSE);
	read_rate(bus, "virtio_blk_rand_read", TRUE);
}

static void boot(const struct test *t, guint number)
{
	AvfVm *vm = vm_of(t, "bench", builder_of(t, "benchmark"));
	gint64 began, starting, started, ready, ending;
	guint64 service;
	struct heard h;

	hear(vm, &h);
	service = service_cpu_ns();
	began = now_ns();
	mark("avf-run", number, 0);
	run(vm, "running a machine");
	starting = now_ns() - began;
	wait_for(&h.started, &h, "started");
	mark("avf-live", number, 0);
	started = now_ns() - began;
	service = service_cpu_ns() - service;
	wait_for(&h.ready, &h, "ready");
	ready = now_ns() - began;
	if (h.ready == 0) {
		give_up("a boot", "the machine has stopped");
	}
	if (number + 1 == BOOTS) {
		measure(vm);
	}
	ending = now_ns();
	mark("avf-stop", number, 0);
	avf_vm_stop(vm, NULL);
	wait_for(&h.stopped, &h, "stopped");
	mark("avf-end", number, 0);
	say("boot",
	    "number=%u run_ns=%lld started_ns=%lld ready_ns=%lld service_ns=%llu kill_ns=%lld",
	    number, (long long)starting, (long long)started, (long long)ready,
	    (unsigned long long)service, (long long)(now_ns() - ending));
	delete_vm(t, vm);
}

void bench_tests(const struct test *t)
{
	for (guint i = 0; i < BOOTS; i++) {
		boot(t, i);
	}
}

/* Whether a payload that does nothing starts, and comes to its end, in so much memory. */
static gboolean suffices(const struct test *t, gint64 mib)
{
	AvfConfigBuilder *b = builder_of(t, "hello");
	struct heard h;
	AvfVm *vm;

	avf_config_builder_set_memory_bytes(b, mib * MIB);
	vm = vm_of(t, "bench", b);
	hear(vm, &h);
	run(vm, "running a machine");
	wait_for(&h.stopped, &h, "stopped");
	say("memory", "mib=%lld started=%d finished=%d exit=%d reason=%d", (long long)mib,
	    h.started, h.finished, h.exit_code, h.reason);
	delete_vm(t, vm);
	return h.finished != 0 && h.exit_code == 0;
}

void least_memory_tests(const struct test *t)
{
	gint64 too_little = TOO_LITTLE_MIB;
	gint64 enough = ENOUGH_MIB;

	if (suffices(t, too_little) || !suffices(t, enough)) {
		give_up("the least memory", "it is not between the bounds");
	}
	while (enough - too_little > MEMORY_STEP_MIB) {
		gint64 middle = (too_little + enough) / (2 * MEMORY_STEP_MIB) * MEMORY_STEP_MIB;

		if (suffices(t, middle)) {
			enough = middle;
		} else {
			too_little = middle;
		}
	}
	say("minimum_required_memory", "mib=%lld", (long long)enough);
}
