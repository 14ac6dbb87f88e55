/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MMIO bus, and guest memory by address. */
#include <string.h>

#include "tests/vmm/support.h"
#include "vmm/bus.h"
#include "vmm/memory.h"

#define BASE UINT64_C(0x80000000)
#define PAGE 4096

/* A device that answers with its access and keeps the last write. */
struct probe {
	uint64_t offset;
	unsigned width;
	uint64_t value;
	unsigned writes;
};

static uint64_t probe_read(void *opaque, uint64_t offset, unsigned width)
{
	struct probe *p = opaque;

	p->offset = offset;
	p->width = width;
	return UINT64_C(0x1122334455667788);
}

static void probe_write(void *opaque, uint64_t offset, unsigned width, uint64_t value)
{
	struct probe *p = opaque;

	p->offset = offset;
	p->width = width;
	p->value = value;
	p->writes++;
}

static const struct bus_ops probe_ops = { .read = probe_read, .write = probe_write };

static struct bus_device device(const char *name, uint64_t base, uint64_t bytes, struct probe *p)
{
	return (struct bus_device){
		.name = name,
		.base = base,
		.bytes = bytes,
		.ops = &probe_ops,
		.opaque = p,
	};
}

static void test_bus_finds_devices(void **state)
{
	struct probe a = { 0 };
	struct probe b = { 0 };
	struct bus_device first = device("a", 0x1000, 0x10, &a);
	struct bus_device second = device("b", 0x1010, 0x10, &b);
	struct bus *bus = bus_new();

	(void)state;
	assert_true(bus_add(bus, &first, NULL));
	assert_true(bus_add(bus, &second, NULL));
	assert_int_equal(bus_read(bus, 0x1008, 8), UINT64_C(0x1122334455667788));
	assert_int_equal(a.offset, 8);
	assert_int_equal(bus_read(bus, 0x1010, 1), 0x88);
	assert_int_equal(b.offset, 0);
	assert_int_equal(b.width, 1);
	assert_int_equal(bus_read(bus, 0x101e, 2), 0x7788);
	assert_int_equal(bus_read(bus, 0x1014, 4), 0x55667788);
	bus_write(bus, 0x100c, 4, UINT64_MAX);
	assert_int_equal(a.value, 0xffffffff);
	assert_int_equal(a.offset, 0xc);
	bus_free(bus);
}

static void test_bus_holes(void **state)
{
	struct probe a = { 0 };
	struct bus_device first = device("a", 0x1000, 0x10, &a);
	struct bus_device last = device("last", UINT64_MAX - 0x10, 0x10, &a);
	struct bus *bus = bus_new();

	(void)state;
	assert_int_equal(bus_read(bus, 0, 4), 0xffffffff);
	assert_true(bus_add(bus, &first, NULL));
	assert_true(bus_add(bus, &last, NULL));
	assert_int_equal(bus_read(bus, 0xfff, 1), 0xff);
	assert_int_equal(bus_read(bus, 0x1010, 8), UINT64_MAX);
	/* Across an end. */
	assert_int_equal(bus_read(bus, 0x100e, 4), 0xffffffff);
	assert_int_equal(bus_read(bus, 0xffe, 4), 0xffffffff);
	assert_int_equal(bus_read(bus, UINT64_MAX - 1, 8), UINT64_MAX);
	assert_int_equal(bus_read(bus, UINT64_MAX, 1), 0xff);
	bus_write(bus, 0x100e, 4, 1);
	bus_write(bus, 0x2000, 4, 1);
	assert_int_equal(a.writes, 0);
	bus_free(bus);
}

static void test_bus_refuses(void **state)
{
	struct probe a = { 0 };
	struct bus_device first = device("a", 0x1000, 0x1000, &a);
	struct bus *bus = bus_new();
	struct {
		uint64_t base;
		uint64_t bytes;
		enum bus_error code;
	} cases[] = {
		{ 0x1000, 0x1000, BUS_ERROR_OVERLAP }, { 0xfff, 2, BUS_ERROR_OVERLAP },
		{ 0x1fff, 1, BUS_ERROR_OVERLAP },      { 0, 0x10000, BUS_ERROR_OVERLAP },
		{ 0x1800, 8, BUS_ERROR_OVERLAP },      { 0x3000, 0, BUS_ERROR_RANGE },
		{ UINT64_MAX, 2, BUS_ERROR_RANGE },    { 2, UINT64_MAX, BUS_ERROR_RANGE },
	};

	(void)state;
	assert_true(bus_add(bus, &first, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct bus_device other = device("other", cases[i].base, cases[i].bytes, &a);
		GError *error = NULL;

		assert_false(bus_add(bus, &other, &error));
		assert_error(error, BUS_ERROR, (int)cases[i].code, "other");
	}
	bus_free(bus);
	bus_free(NULL);
}

static void test_memory_at(void **state)
{
	uint8_t bytes[16];
	const struct guest_memory m = { .ipa = BASE, .bytes = sizeof(bytes), .hva = bytes };
	const struct guest_memory none = { 0 };

	(void)state;
	assert_ptr_equal(guest_memory_at(&m, BASE, 16), bytes);
	assert_ptr_equal(guest_memory_at(&m, BASE + 15, 1), bytes + 15);
	assert_ptr_equal(guest_memory_at(&m, BASE + 16, 0), bytes + 16);
	assert_null(guest_memory_at(&m, BASE, 17));
	assert_null(guest_memory_at(&m, BASE - 1, 1));
	assert_null(guest_memory_at(&m, BASE - 1, 0));
	assert_null(guest_memory_at(&m, BASE + 16, 1));
	assert_null(guest_memory_at(&m, BASE + 17, 0));
	assert_null(guest_memory_at(&m, BASE + 8, UINT64_MAX));
	assert_null(guest_memory_at(&m, BASE + 1, UINT64_MAX - BASE));
	assert_null(guest_memory_at(&m, UINT64_MAX, 1));
	assert_null(guest_memory_at(&m, UINT64_MAX, 2));
	assert_null(guest_memory_at(&m, 0, UINT64_MAX));
	assert_null(guest_memory_at(&none, 0, 0));
}

/* A guest with RSI names a shared byte with or without the top bit of its addresses. */
static void test_memory_alias(void **state)
{
	const uint64_t alias = UINT64_C(1) << 39;
	uint8_t bytes[16];
	const struct guest_memory m = {
		.ipa = BASE, .bytes = sizeof(bytes), .hva = bytes, .alias = alias
	};
	struct guest_memory part;

	(void)state;
	assert_ptr_equal(guest_memory_at(&m, BASE, 16), bytes);
	assert_ptr_equal(guest_memory_at(&m, BASE | alias, 16), bytes);
	assert_null(guest_memory_at(&m, (BASE | alias) + 1, 16));
	assert_null(guest_memory_at(&m, BASE | alias << 1, 1));
	assert_null(guest_memory_at(&m, BASE | alias >> 1, 1));
	assert_null(guest_memory_at(&m, alias, 1));
	assert_true(guest_memory_part(&m, BASE + 8, 8, &part));
	assert_ptr_equal(guest_memory_at(&part, (BASE + 8) | alias, 8), bytes + 8);
	assert_null(guest_memory_at(&part, BASE | alias, 8));
}

static void test_memory_map_and_part(void **state)
{
	static const uint8_t zero[PAGE];
	struct guest_memory m;
	struct guest_memory part;

	(void)state;
	assert_true(guest_memory_map(&m, BASE, 4 * PAGE, NULL));
	assert_int_equal(m.ipa, BASE);
	assert_memory_equal(m.hva + 3 * PAGE, zero, PAGE);
	guest_memory_keep_pages_small(&m);
	m.hva[4 * PAGE - 1] = 1;
	assert_true(guest_memory_part(&m, BASE + PAGE, PAGE, &part));
	assert_ptr_equal(part.hva, m.hva + PAGE);
	assert_null(guest_memory_at(&part, BASE, 1));
	assert_null(guest_memory_at(&part, BASE + PAGE, PAGE + 1));
	assert_false(guest_memory_part(&m, BASE + 3 * PAGE, 2 * PAGE, &part));
	assert_null(part.hva);
	assert_false(guest_memory_part(&m, BASE, 0, &part));
	guest_memory_free(&m);
	assert_null(m.hva);
	guest_memory_free(&m);
}

static void test_memory_map_fails(void **state)
{
	struct guest_memory m = { .ipa = 1 };
	GError *error = NULL;

	(void)state;
	assert_false(guest_memory_map(&m, BASE, UINT64_C(1) << 62, &error));
	assert_int_equal(m.ipa, 0);
	assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "4398046511104 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bus_finds_devices),
		cmocka_unit_test(test_bus_holes),
		cmocka_unit_test(test_bus_refuses),
		cmocka_unit_test(test_memory_at),
		cmocka_unit_test(test_memory_alias),
		cmocka_unit_test(test_memory_map_and_part),
		cmocka_unit_test(test_memory_map_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
