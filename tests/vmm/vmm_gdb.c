/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GDB's protocol against a machine of numbers, and walks of a guest's tables that are written by hand. */
#include <stdio.h>
#include <string.h>

#include "tests/vmm/support.h"
#include "vmm/gdb_protocol.h"
#include "vmm/guest_walk.h"

#define CPUS 2
#define MEMORY_BYTES 64
#define NOBODY (-2)

/* What the protocol asked of it. */
struct machine {
	uint64_t registers[CPUS][GDB_REGISTERS];
	uint8_t memory[MEMORY_BYTES];
	GString *sent;
	int resumed; /* the step; NOBODY: not resumed */
	int interrupts, detached, killed;
	enum gdb_breakpoint kind;
	uint64_t at, bytes;
	unsigned point_cpu;
	bool others;
	struct gdb_target target;
	struct gdb_protocol protocol;
};

static unsigned cpus(void *opaque)
{
	(void)opaque;
	return CPUS;
}

static bool get(void *opaque, unsigned cpu, unsigned number, uint64_t *value)
{
	*value = ((struct machine *)opaque)->registers[cpu][number];
	return true;
}

static bool set(void *opaque, unsigned cpu, unsigned number, uint64_t value)
{
	((struct machine *)opaque)->registers[cpu][number] = value;
	return true;
}

static bool read_memory(void *opaque, unsigned cpu, uint64_t at, void *bytes, size_t count)
{
	struct machine *m = opaque;

	(void)cpu;
	if (at > MEMORY_BYTES || count > MEMORY_BYTES - at) {
		return false;
	}
	memcpy(bytes, m->memory + at, count);
	return true;
}

static bool write_memory(void *opaque, unsigned cpu, uint64_t at, const void *bytes, size_t count)
{
	struct machine *m = opaque;

	(void)cpu;
	if (at > MEMORY_BYTES || count > MEMORY_BYTES - at) {
		return false;
	}
	memcpy(m->memory + at, bytes, count);
	return true;
}

static bool insert(void *opaque, unsigned cpu, enum gdb_breakpoint kind, uint64_t at,
		   uint64_t bytes)
{
	struct machine *m = opaque;

	m->point_cpu = cpu;
	m->kind = kind;
	m->at = at;
	m->bytes = bytes;
	return at != 0;
}

static bool take_away(void *opaque, unsigned cpu, enum gdb_breakpoint kind, uint64_t at,
		      uint64_t bytes)
{
	struct machine *m = opaque;

	m->point_cpu = cpu;
	return kind == m->kind && at == m->at && bytes == m->bytes;
}

static void resume(void *opaque, int step, bool others)
{
	struct machine *m = opaque;

	m->resumed = step;
	m->others = others;
}

static void interrupt(void *opaque)
{
	((struct machine *)opaque)->interrupts++;
}

static void detach(void *opaque)
{
	((struct machine *)opaque)->detached++;
}

static void kill_machine(void *opaque)
{
	((struct machine *)opaque)->killed++;
}

static void send_bytes(void *opaque, const char *bytes, size_t count)
{
	g_string_append_len(((struct machine *)opaque)->sent, bytes, (gssize)count);
}

static int make(void **state)
{
	struct machine *m = g_new0(struct machine, 1);

	m->sent = g_string_new(NULL);
	m->resumed = NOBODY;
	m->target =
		(struct gdb_target){ cpus,         get,        set,    read_memory, write_memory,
				     insert,       take_away,  resume, interrupt,   detach,
				     kill_machine, send_bytes, m };
	gdb_protocol_init(&m->protocol, &m->target);
	*state = m;
	return 0;
}

static int unmake(void **state)
{
	struct machine *m = *state;

	g_string_free(m->sent, TRUE);
	g_free(m);
	return 0;
}

/* What comes back for a packet with this content: the answer's content, whose sum is right; owned by the caller. NULL: no packet. */
static char *ask(struct machine *m, const char *content)
{
	unsigned sum = 0, sum_sent = 0;
	g_autofree char *frame = NULL;
	char *answer = NULL;
	char *end;

	for (const char *c = content; *c != '\0'; c++) {
		sum += (unsigned char)*c;
	}
	frame = g_strdup_printf("$%s#%02x", content, sum & 0xff);
	g_string_truncate(m->sent, 0);
	gdb_receive(&m->protocol, frame, strlen(frame));
	assert_int_equal(m->sent->str[0], '+');
	if (m->sent->len == 1) {
		return NULL;
	}
	assert_int_equal(m->sent->str[1], '$');
	end = strchr(m->sent->str, '#');
	assert_non_null(end);
	answer = g_strndup(m->sent->str + 2, (gsize)(end - m->sent->str - 2));
	for (const char *c = answer; *c != '\0'; c++) {
		sum_sent += (unsigned char)*c;
	}
	assert_int_equal(g_ascii_strtoull(end + 1, NULL, 16), sum_sent & 0xff);
	return answer;
}

static void answers(struct machine *m, const char *content, const char *expected)
{
	g_autofree char *answer = ask(m, content);

	if (expected == NULL) {
		assert_null(answer);
	} else {
		assert_non_null(answer);
		assert_string_equal(answer, expected);
	}
}

static void test_questions(void **state)
{
	struct machine *m = *state;
	g_autofree char *supported = ask(m, "qSupported:multiprocess+");
	g_autofree char *first = ask(m, "qXfer:features:read:target.xml:0,20");
	g_autofree char *core = ask(m, "qXfer:features:read:core.xml:0,fff");

	assert_non_null(strstr(supported, "PacketSize=1000"));
	assert_non_null(strstr(supported, "qXfer:features:read+"));
	assert_true(first[0] == 'm' && strlen(first) == 0x21);
	assert_true(core[0] == 'l' && g_str_has_suffix(core, "</feature>"));
	answers(m, "qXfer:features:read:target.xml:ffffff,20", "l");
	answers(m, "qXfer:features:read:none.xml:0,20", "E00");
	answers(m, "qfThreadInfo", "m1,2");
	answers(m, "qsThreadInfo", "l");
	answers(m, "qAttached", "1");
	answers(m, "vCont?", "vCont;c;C;s;S");
	answers(m, "?", "T05thread:1;");
	answers(m, "vMustReplyEmpty", "");
	answers(m, "!", "");
	answers(m, "", "");
}

static void test_registers(void **state)
{
	struct machine *m = *state;
	g_autofree char *all = NULL;

	m->registers[1][2] = 0x1122334455667788;
	m->registers[1][GDB_REGISTER_CPSR] = 0x600003c5;
	answers(m, "p2", "0000000000000000");
	answers(m, "Hg2", "OK");
	answers(m, "qC", "QC2");
	answers(m, "p2", "8877665544332211");
	answers(m, "p21", "c5030060");
	all = ask(m, "g");
	assert_int_equal(strlen(all), 33 * 16 + 8);
	assert_true(g_str_has_prefix(all + 32, "8877665544332211"));
	answers(m, "P1f=0100000000000080", "OK");
	assert_true(m->registers[1][31] == 0x8000000000000001);
	answers(m, "P1f=01", "E01");
	answers(m, "P22=0100000000000000", "E01");
	answers(m, "p22", "E01");
	answers(m, "p", "E01");
	answers(m, "Hg3", "E01");
	answers(m, "Hg-1", "OK");
	answers(m, "T2", "OK");
	answers(m, "T3", "E01");
	memcpy(m->registers[0], m->registers[1], sizeof(m->registers[0]));
	m->registers[1][2] = 0;
	{
		g_autofree char *back = g_strconcat("G", all, NULL);

		answers(m, back, "OK");
	}
	assert_true(m->registers[1][2] == 0x1122334455667788);
	answers(m, "G00", "E01");
}

static void test_memory(void **state)
{
	struct machine *m = *state;

	answers(m, "M3,2:beef", "OK");
	assert_int_equal(m->memory[3], 0xbe);
	answers(m, "m2,4", "00beef00");
	answers(m, "m3f,1", "00");
	answers(m, "m3f,2", "E01");
	answers(m, "mffffffffffffffff,1", "E01");
	answers(m, "m0,ffffffff", "E01");
	answers(m, "m0", "E01");
	answers(m, "M0,2:be", "E01");
	answers(m, "M0,1:xx", "E01");
	answers(m, "M0,1", "E01");
}

static void test_points(void **state)
{
	struct machine *m = *state;

	answers(m, "Z1,ffffffc008001234,4", "OK");
	assert_true(m->kind == GDB_BREAKPOINT_HARDWARE && m->at == 0xffffffc008001234 &&
		    m->bytes == 4);
	answers(m, "z1,ffffffc008001234,4", "OK");
	answers(m, "z2,ffffffc008001234,4", "E01");
	answers(m, "Z4,10,8", "OK");
	assert_int_equal(m->kind, GDB_WATCHPOINT_ACCESS);
	answers(m, "Z1,0,4", "E01");
	answers(m, "Z1", "E01");
	answers(m, "Z5,10,8", "");
	answers(m, "Hg2", "OK");
	answers(m, "Z0,1000,4", "OK");
	assert_true(m->kind == GDB_BREAKPOINT_SOFTWARE && m->point_cpu == 1);
}

static void test_running(void **state)
{
	struct machine *m = *state;

	answers(m, "c", NULL);
	assert_int_equal(m->resumed, -1);
	assert_true(m->others);
	answers(m, "g", NULL); /* of a machine that runs nothing is said */
	gdb_receive(&m->protocol, "\003", 1);
	assert_int_equal(m->interrupts, 1);
	g_string_truncate(m->sent, 0);
	gdb_stopped(&m->protocol, 1, 0, 0);
	assert_string_equal(m->sent->str, "$T05thread:2;#d8");
	gdb_stopped(&m->protocol, 0, 0, 0); /* once for each run */
	assert_string_equal(m->sent->str, "$T05thread:2;#d8");
	gdb_receive(&m->protocol, "\003", 1);
	assert_int_equal(m->interrupts, 1); /* it stands already */
	answers(m, "s", NULL);
	assert_int_equal(m->resumed, 1);
	assert_false(m->others);
	gdb_stopped(&m->protocol, 1, GDB_WATCHPOINT_WRITE, 0x1234);
	answers(m, "?", "T05thread:2;watch:1234;");
	answers(m, "vCont;s:1;c", NULL);
	assert_true(m->resumed == 0 && m->others);
	gdb_stopped(&m->protocol, 0, 0, 0);
	answers(m, "vCont;s:2", NULL);
	assert_true(m->resumed == 1 && !m->others);
	gdb_stopped(&m->protocol, 0, 0, 0);
	answers(m, "vCont;", "E01");
	answers(m, "vCont;x", "E01");
	answers(m, "vCont;c:7", "E01");
	answers(m, "vCont;cx", "E01");
	answers(m, "S05;100", NULL);
	assert_int_equal(m->resumed, 0);
	assert_true(m->registers[0][32] == 0x100);
}

static void test_ends(void **state)
{
	struct machine *m = *state;

	answers(m, "D", "OK");
	assert_int_equal(m->detached, 1);
	gdb_protocol_init(&m->protocol, &m->target);
	answers(m, "k", NULL);
	assert_int_equal(m->killed, 1);
	gdb_protocol_init(&m->protocol, &m->target);
	g_string_truncate(m->sent, 0);
	gdb_exited(&m->protocol, 33); /* it stands: the debugger asked nothing */
	assert_string_equal(m->sent->str, "");
	answers(m, "c", NULL);
	g_string_truncate(m->sent, 0);
	gdb_exited(&m->protocol, 33);
	assert_string_equal(m->sent->str, "$W21#ba");
}

static void test_rubbish(void **state)
{
	struct machine *m = *state;
	g_autofree char *long_one = g_strnfill(3 * GDB_PACKET_BYTES_MAX, 'g');

	gdb_receive(&m->protocol, "+++xyz$g#00", 11); /* a wrong sum is asked for again */
	assert_string_equal(m->sent->str, "-");
	g_string_truncate(m->sent, 0);
	gdb_receive(&m->protocol, "$", 1);
	gdb_receive(&m->protocol, long_one, strlen(long_one));
	gdb_receive(&m->protocol, "#00", 3);
	assert_string_equal(m->sent->str, "-");
	answers(m, "QStartNoAckMode", "OK");
	g_string_truncate(m->sent, 0);
	gdb_receive(&m->protocol, "$qC#00", 6); /* the sum is not looked at any more */
	assert_string_equal(m->sent->str, "$QC1#c5");
}

/* ---- Walks -------------------------------------------------------------------------------- */

#define TABLES 4
#define TABLE_BYTES 4096
#define TCR_39_4K                            \
	(UINT64_C(25) | UINT64_C(25) << 16 | \
	 UINT64_C(2) << 30) /* T0SZ, T1SZ; TG0 4 KiB, TG1 4 KiB */
#define UPPER UINT64_C(0xffffff8000000000)

static bool read_table(void *opaque, uint64_t ipa, uint64_t *value)
{
	uint64_t(*tables)[TABLE_BYTES / 8] = opaque;

	if (ipa >= TABLES * TABLE_BYTES || ipa % 8 != 0) {
		return false;
	}
	*value = tables[ipa / TABLE_BYTES][ipa % TABLE_BYTES / 8];
	return true;
}

static void test_walk(void **state)
{
	static uint64_t tables[TABLES][TABLE_BYTES / 8];
	struct guest_walk_registers r = {
		.sctlr = 1, .tcr = TCR_39_4K, .ttbr0 = 0x3000, .ttbr1 = UINT64_C(7) << 48
	};
	uint64_t ipa = 0;

	(void)state;
	tables[0][1] = 0x1000 | 3;         /* level 1: a table */
	tables[0][2] = 0x80000000 | 1;     /* a block of 1 GiB */
	tables[0][3] = 0x123456000 | 3;    /* a table that is no memory */
	tables[1][0] = 0x2000 | 3;         /* level 2: a table */
	tables[1][1] = 0x90200000 | 0x701; /* a block of 2 MiB */
	tables[2][5] = UINT64_C(0x00600000a0005003) |
		       0x700;      /* level 3: a page, with attributes above its address */
	tables[2][6] = 0xa0006001; /* reserved there: no page */
	assert_true(guest_walk(&r, UPPER + 0x40005123, read_table, tables, &ipa));
	assert_true(ipa == 0xa0005123);
	assert_true(guest_walk(&r, UPPER + 0x40212345, read_table, tables, &ipa));
	assert_true(ipa == 0x90212345);
	assert_true(guest_walk(&r, UPPER + 0x81234567, read_table, tables, &ipa));
	assert_true(ipa == 0x81234567);
	assert_false(guest_walk(&r, UPPER + 0x40006000, read_table, tables, &ipa));
	assert_false(guest_walk(&r, UPPER + 0x40007000, read_table, tables, &ipa));
	assert_false(guest_walk(&r, UPPER + 0xc0000000, read_table, tables, &ipa));
	assert_false(guest_walk(&r, 0x40005123, read_table, tables,
				&ipa)); /* the lower half has an empty table */
	assert_false(guest_walk(&r, UINT64_C(0x0000008040005123), read_table, tables,
				&ipa)); /* between the halves */
	r.ttbr1 |= 0x3f;                /* CnP, and bits that are not of the address */
	assert_true(guest_walk(&r, UPPER + 0x40005123, read_table, tables, &ipa) &&
		    ipa == 0xa0005123);
	r.sctlr = 0;
	assert_true(guest_walk(&r, 0x1234, read_table, tables, &ipa) && ipa == 0x1234);
}

static void test_walk_other_granules(void **state)
{
	static uint64_t tables[TABLES][TABLE_BYTES / 8];
	/* 64 KiB, 42 bits: two levels; 16 KiB, 36 bits: two levels. Tables are small enough to be cut off. */
	struct guest_walk_registers r = { .sctlr = 1,
					  .tcr = 22 | 1 << 14 | UINT64_C(28) << 16 |
						 UINT64_C(1) << 30,
					  .ttbr1 = 0x1000 };
	uint64_t ipa = 0;

	(void)state;
	tables[0][1] = UINT64_C(0x40000000) | 1; /* level 2 of 64 KiB: a block of 512 MiB */
	assert_true(guest_walk(&r, 0x20000000 + 0x1234567, read_table, tables, &ipa));
	assert_true(ipa == 0x41234567);
	tables[1][1] = UINT64_C(0x80000000) | 1; /* level 2 of 16 KiB: a block of 32 MiB */
	assert_true(
		guest_walk(&r, UINT64_C(0xfffffff002000000) + 0x123456, read_table, tables, &ipa));
	assert_true(ipa == 0x80123456);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_questions, make, unmake),
		cmocka_unit_test_setup_teardown(test_registers, make, unmake),
		cmocka_unit_test_setup_teardown(test_memory, make, unmake),
		cmocka_unit_test_setup_teardown(test_points, make, unmake),
		cmocka_unit_test_setup_teardown(test_running, make, unmake),
		cmocka_unit_test_setup_teardown(test_ends, make, unmake),
		cmocka_unit_test_setup_teardown(test_rubbish, make, unmake),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_other_granules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
