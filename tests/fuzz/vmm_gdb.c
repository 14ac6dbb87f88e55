/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer of what a debugger says to the VMM and of a guest's tables, by the input's first byte: bytes of a connection; lines
 * that are made into packets; registers and tables to be walked. What is asked of the machine must keep what vmm/gdb_protocol.h
 * promises, and every answer must be a packet.
 */
#include <string.h>

#include <glib.h>

#include "vmm/gdb_protocol.h"
#include "vmm/guest_walk.h"

#define CPUS 3
#define MEMORY_BYTES 300
#define READS_MAX 4

struct machine {
	struct gdb_protocol protocol;
	bool runs, gone;
	uint64_t registers[CPUS][GDB_REGISTERS];
	uint8_t memory[MEMORY_BYTES];
};

static struct machine m;

static void is_asked(unsigned cpu)
{
	g_assert_true(!m.runs && !m.gone && cpu < CPUS);
}

static unsigned cpus(void *opaque)
{
	(void)opaque;
	return CPUS;
}

static bool get(void *opaque, unsigned cpu, unsigned number, uint64_t *value)
{
	(void)opaque;
	is_asked(cpu);
	g_assert_true(number < GDB_REGISTERS);
	*value = m.registers[cpu][number];
	return true;
}

static bool set(void *opaque, unsigned cpu, unsigned number, uint64_t value)
{
	(void)opaque;
	is_asked(cpu);
	g_assert_true(number < GDB_REGISTERS);
	m.registers[cpu][number] = value;
	return true;
}

static bool is_inside(unsigned cpu, uint64_t at, size_t count)
{
	is_asked(cpu);
	g_assert_true(count <= GDB_PACKET_BYTES_MAX / 2);
	return at <= MEMORY_BYTES && count <= MEMORY_BYTES - at;
}

static bool read_memory(void *opaque, unsigned cpu, uint64_t at, void *bytes, size_t count)
{
	(void)opaque;
	if (!is_inside(cpu, at, count)) {
		return false;
	}
	memcpy(bytes, m.memory + at, count);
	return true;
}

static bool write_memory(void *opaque, unsigned cpu, uint64_t at, const void *bytes, size_t count)
{
	(void)opaque;
	if (!is_inside(cpu, at, count)) {
		return false;
	}
	memcpy(m.memory + at, bytes, count);
	return true;
}

static bool change_point(void *opaque, unsigned cpu, enum gdb_breakpoint kind, uint64_t at,
			 uint64_t bytes)
{
	(void)opaque;
	is_asked(cpu);
	g_assert_true(kind <= GDB_WATCHPOINT_ACCESS);
	return (at ^ bytes) % 2 == 0;
}

static void resume(void *opaque, int step, bool others)
{
	(void)opaque;
	is_asked(0);
	g_assert_true(step >= -1 && step < CPUS && (step >= 0 || others));
	m.runs = true;
}

static void interrupt(void *opaque)
{
	(void)opaque;
	g_assert_true(m.runs || m.gone);
}

static void end(void *opaque)
{
	(void)opaque;
	is_asked(0);
	m.gone = true;
}

static void send_bytes(void *opaque, const char *bytes, size_t count)
{
	unsigned sum = 0;

	(void)opaque;
	if (count == 1) {
		g_assert_true(bytes[0] == '+' || bytes[0] == '-');
		return;
	}
	g_assert_true(count >= 4 && count <= GDB_PACKET_BYTES_MAX + 4);
	g_assert_true(bytes[0] == '$' && bytes[count - 3] == '#');
	for (size_t i = 1; i < count - 3; i++) {
		g_assert_true(bytes[i] != '$' && bytes[i] != '#');
		sum += (unsigned char)bytes[i];
	}
	g_assert_cmpuint((unsigned)g_ascii_strtoull(bytes + count - 2, NULL, 16), ==, sum & 0xff);
}

static void say(const char *bytes, size_t count)
{
	gdb_receive(&m.protocol, bytes, count);
	if (m.runs) {
		m.runs = false;
		gdb_stopped(&m.protocol, CPUS - 1, m.memory[0] % 5, m.memory[1]);
	}
}

static void say_packets(const char *text, size_t bytes)
{
	g_autofree char *copy = g_strndup(text, bytes);
	g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		unsigned sum = 0;
		g_autofree char *frame = NULL;

		for (const char *c = lines[i]; *c != '\0'; c++) {
			sum += (unsigned char)*c;
		}
		frame = g_strdup_printf("$%s#%02x", lines[i], sum & 0xff);
		say(frame, strlen(frame));
	}
}

struct tables {
	const uint8_t *bytes;
	size_t count;
	unsigned reads;
};

static bool read_table(void *opaque, uint64_t ipa, uint64_t *value)
{
	struct tables *tables = opaque;
	size_t at = tables->count == 0 ? 0 : ipa % tables->count;

	g_assert_true(ipa % sizeof(*value) == 0);
	g_assert_cmpuint(++tables->reads, <=, READS_MAX);
	if (tables->count - at < sizeof(*value)) {
		return false;
	}
	memcpy(value, tables->bytes + at, sizeof(*value));
	return true;
}

static void walk(const uint8_t *data, size_t bytes)
{
	struct guest_walk_registers registers;
	struct tables tables;
	uint64_t va, ipa = 0;

	if (bytes < sizeof(registers) + sizeof(va)) {
		return;
	}
	memcpy(&registers, data, sizeof(registers));
	memcpy(&va, data + sizeof(registers), sizeof(va));
	tables = (struct tables){ .bytes = data + sizeof(registers) + sizeof(va),
				  .count = bytes - sizeof(registers) - sizeof(va) };
	if (guest_walk(&registers, va, read_table, &tables, &ipa) && tables.reads > 0) {
		g_assert_true(ipa >> 48 == 0 && ipa % 4096 == va % 4096);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const struct gdb_target target = {
		.cpus = cpus,
		.get = get,
		.set = set,
		.read = read_memory,
		.write = write_memory,
		.insert = change_point,
		.remove = change_point,
		.resume = resume,
		.interrupt = interrupt,
		.detach = end,
		.kill = end,
		.send = send_bytes,
	};
	const char *text = (const char *)data + 1;

	if (bytes == 0) {
		return 0;
	}
	memset(&m, 0, sizeof(m));
	gdb_protocol_init(&m.protocol, &target);
	if (data[0] % 3 == 0) {
		for (size_t at = 0; at < bytes - 1; at++) {
			say(text + at, 1);
		}
	} else if (data[0] % 3 == 1) {
		say_packets(text, bytes - 1);
	} else {
		walk(data + 1, bytes - 1);
	}
	return 0;
}
