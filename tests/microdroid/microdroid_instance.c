/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an instance remembers: the first run's packages, and nothing else is taken for them. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/microdroid/manager/error.h"
#include "guest/microdroid/manager/instance.h"
#include "tests/plugins/cmocka_all.h"

#define IMAGE_BYTES 8192

/* An image as the service makes it. */
static int new_image(off_t bytes)
{
	static const char mark[] = "Android-VM-instance\1";
	int fd = memfd_create("instance", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, bytes), 0);
	assert_int_equal(pwrite(fd, mark, sizeof(mark), 0), sizeof(mark));
	return fd;
}

static void check(int fd, const struct instance_package *packages, guint count, int code)
{
	GError *error = NULL;
	gboolean done = instance_check(fd, packages, count, &error);

	assert_true(done == (code < 0));
	if (!done) {
		assert_true(error->domain == MANAGER_ERROR);
		assert_int_equal(error->code, code);
		g_error_free(error);
	}
}

static void packages_of_the_first_run(void **state)
{
	struct instance_package packages[2] = { { .key = { 1 }, .root = { 2 } },
						{ .key = { 3 }, .root = { 4 } } };
	int fd = new_image(IMAGE_BYTES);

	(void)state;
	check(fd, packages, 2, -1);
	check(fd, packages, 2, -1);
	check(fd, packages, 1, MANAGER_ERROR_PAYLOAD_CHANGED);
	packages[1].root[31] ^= 1;
	check(fd, packages, 2, MANAGER_ERROR_PAYLOAD_CHANGED);
	packages[1].root[31] ^= 1;
	packages[0].key[0] ^= 1;
	check(fd, packages, 2, MANAGER_ERROR_PAYLOAD_CHANGED);
	packages[0].key[0] ^= 1;
	check(fd, packages, 2, -1);
	close(fd);
}

static void the_images_format(void **state)
{
	static const guint8 uuid[16] = { 0x75, 0x9d, 0xa0, 0x63, 0x26, 0xc3, 0x29, 0xa3,
					 0xec, 0x11, 0x62, 0x06, 0x9a, 0xfe, 0x9a, 0xcf };
	static const guint8 others_uuid[16] = { 9 };
	const struct instance_package package = { .key = { 1 }, .root = { 2 } };
	const guint64 others_bytes = 600;
	guint8 head[24];
	int fd = new_image(IMAGE_BYTES);

	(void)state;
	/* Somebody else's entry, of two units, comes first. */
	assert_int_equal(pwrite(fd, others_uuid, 16, 512), 16);
	assert_int_equal(pwrite(fd, &others_bytes, 8, 512 + 16), 8);
	check(fd, &package, 1, -1);
	assert_int_equal(pread(fd, head, sizeof(head), 512 + 512 + 1024), sizeof(head));
	assert_memory_equal(head, uuid, sizeof(uuid));
	assert_int_equal(head[16], 8 + 64);
	close(fd);
}

static void images_that_are_broken(void **state)
{
	static const guint64 huge = G_MAXUINT64;
	const struct instance_package package = { .key = { 1 } };
	int fd = memfd_create("nothing", MFD_CLOEXEC);

	(void)state;
	check(fd, &package, 1, MANAGER_ERROR_RUNTIME);
	assert_int_equal(ftruncate(fd, IMAGE_BYTES), 0);
	check(fd, &package, 1, MANAGER_ERROR_RUNTIME); /* no header */
	close(fd);
	fd = new_image(512);
	check(fd, &package, 1, MANAGER_ERROR_RUNTIME); /* no room */
	close(fd);
	fd = new_image(IMAGE_BYTES);
	check(fd, &package, 1, -1);
	assert_int_equal(pwrite(fd, &huge, 8, 512 + 16), 8);
	check(fd, &package, 1, MANAGER_ERROR_RUNTIME); /* the entry's size */
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages_of_the_first_run),
		cmocka_unit_test(the_images_format),
		cmocka_unit_test(images_that_are_broken),
	};

	return cmocka_run_group_tests_name("microdroid_instance", tests, NULL, NULL);
}
