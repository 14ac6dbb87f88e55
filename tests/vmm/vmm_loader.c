/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Image header, files, and what a guest finds in its memory. */
#include <string.h>
#include <sys/stat.h>

#include <libfdt.h>

#include "tests/vmm/support.h"
#include "vmm/boot.h"
#include "vmm/loader.h"

#define MIB (UINT64_C(1) << 20)
#define HEADER LOADER_IMAGE_HEADER_BYTES

/* A valid header: little endian, 1 MiB of memory at offset 0x80000. */
static void make_header(uint8_t header[HEADER])
{
	static const uint8_t magic[] = { 'A', 'R', 'M', 0x64 };

	memset(header, 0, HEADER);
	header[10] = 0x08;
	header[18] = 0x10;
	memcpy(header + 56, magic, sizeof(magic));
}

static void test_header(void **state)
{
	uint8_t header[HEADER];
	struct loader_image image;

	(void)state;
	make_header(header);
	assert_true(loader_check_image(header, HEADER, 1000, &image, NULL));
	assert_int_equal(image.offset, 0x80000);
	assert_int_equal(image.bytes, MIB);
	/* A file longer than it says takes its own length. */
	assert_true(loader_check_image(header, HEADER, 2 * MIB, &image, NULL));
	assert_int_equal(image.bytes, 2 * MIB);
	/* An EFI stub in front is fine. */
	header[0] = 'M';
	header[1] = 'Z';
	assert_true(loader_check_image(header, HEADER, 1000, &image, NULL));
}

struct bad_header {
	size_t at;
	const char *bytes;
	size_t count;
	const char *message;
};

static void test_bad_headers(void **state)
{
	static const struct bad_header cases[] = {
		{ 0, "\x1f\x8b", 2, "compressed by gzip" }, { 0, "MZ\0\0zimg", 8, "zboot" },
		{ 56, "ARM\x65", 4, "no arm64 Image" },     { 24, "\x01", 1, "big-endian" },
		{ 18, "\0", 1, "how much memory" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint8_t header[HEADER];
		struct loader_image image;
		GError *error = NULL;

		make_header(header);
		memcpy(header + cases[i].at, cases[i].bytes, cases[i].count);
		assert_false(loader_check_image(header, HEADER, 1000, &image, &error));
		assert_error(error, LOADER_ERROR, LOADER_ERROR_FORMAT, cases[i].message);
	}
}

static void test_short_headers(void **state)
{
	uint8_t header[HEADER];

	(void)state;
	make_header(header);
	for (size_t bytes = 0; bytes < HEADER; bytes++) {
		g_autofree uint8_t *exact = g_memdup2(header, bytes);
		struct loader_image image;
		GError *error = NULL;

		assert_false(loader_check_image(exact, bytes, bytes, &image, &error));
		assert_error(error, LOADER_ERROR, LOADER_ERROR_FORMAT, "shorter than the header");
	}
}

static void test_files(void **state)
{
	g_autofree char *path = folder_path(state, "image");
	g_autofree char *fifo = folder_path(state, "fifo");
	g_autofree char *empty = folder_path(state, "empty");
	struct loader_file file;
	GError *error = NULL;

	assert_false(loader_open(path, &file, &error));
	assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "image");
	loader_close(&file);
	error = NULL;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_false(loader_open(fifo, &file, &error)); /* and does not wait for a writer */
	assert_error(error, LOADER_ERROR, LOADER_ERROR_FILE, "not a regular file");
	error = NULL;
	assert_true(g_file_set_contents(empty, "", 0, NULL));
	assert_false(loader_open(empty, &file, &error));
	assert_error(error, LOADER_ERROR, LOADER_ERROR_FILE, "not a regular file");
	error = NULL;
	assert_false(loader_open(*state, &file, &error));
	assert_error(error, LOADER_ERROR, LOADER_ERROR_FILE, "not a regular file");
}

static void test_read_into_memory(void **state)
{
	g_autofree char *path = folder_path(state, "image");
	uint8_t bytes[8] = { 0 };
	const struct guest_memory memory = { .ipa = 0x1000, .bytes = sizeof(bytes), .hva = bytes };
	struct loader_file file;
	GError *error = NULL;

	assert_true(g_file_set_contents(path, "abcd", 4, NULL));
	assert_true(loader_open(path, &file, NULL));
	assert_true(loader_read(&file, &memory, 0x1004, NULL));
	assert_memory_equal(bytes, "\0\0\0\0abcd", 8);
	assert_false(loader_read(&file, &memory, 0x1005, &error));
	assert_error(error, LOADER_ERROR, LOADER_ERROR_FILE, "does not fit");
	error = NULL;
	file.bytes = 5;
	assert_false(loader_read(&file, &memory, 0x1000, &error));
	assert_error(error, LOADER_ERROR, LOADER_ERROR_FILE, "became shorter");
	loader_close(&file);
	loader_close(&file);
}

static void test_boot_linux(void **state)
{
	g_autofree char *kernel = folder_path(state, "Image");
	g_autofree char *initrd = folder_path(state, "initrd");
	char *argv[] = { "vmm",         "run",       "--kernel", kernel,   "--initrd",
			 initrd,        "--params",  "quiet",    "--mem",  "8",
			 "--protected", "--swiotlb", "8",        "--cpus", "2" };
	struct options *options = options_parse(G_N_ELEMENTS(argv), argv, NULL);
	uint8_t header[HEADER];
	struct guest_memory ram;
	struct boot boot;

	make_header(header);
	assert_true(g_file_set_contents(kernel, (char *)header, HEADER, NULL));
	assert_true(g_file_set_contents(initrd, "initrd", 6, NULL));
	assert_true(boot_plan(&boot, options, NULL));
	assert_true(guest_memory_map(&ram, boot.layout.ram_ipa, boot.layout.ram_bytes, NULL));
	assert_int_equal(ram.bytes, 16 * MIB);
	assert_true(boot_load(&boot, &ram, NULL));
	assert_memory_equal(ram.hva + 0x80000, header, HEADER);
	assert_memory_equal(ram.hva + (boot.layout.initrd_ipa - ram.ipa), "initrd", 6);
	assert_int_equal(fdt_check_header(ram.hva + 14 * MIB), 0);
	guest_memory_free(&ram);
	boot_close(&boot);
	options_free(options);
}

static void test_boot_errors(void **state)
{
	g_autofree char *image = folder_path(state, "image");
	g_autofree char *text = g_strnfill(3 * MIB, 'x');
	char *raw[] = { "vmm", "run", "--raw", image, "--mem", "4" };
	char *kernel[] = { "vmm", "run", "--kernel", image };
	struct options *options = options_parse(G_N_ELEMENTS(raw), raw, NULL);
	struct boot boot;
	GError *error = NULL;

	assert_false(boot_plan(&boot, options, &error));
	assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "--raw: cannot open");
	boot_close(&boot);
	error = NULL;
	assert_true(g_file_set_contents(image, text, 3 * MIB, NULL));
	assert_false(boot_plan(&boot, options, &error));
	assert_error(error, LAYOUT_ERROR, LAYOUT_ERROR_TOO_BIG, "they take 6 MiB");
	boot_close(&boot);
	options_free(options);
	error = NULL;
	options = options_parse(G_N_ELEMENTS(kernel), kernel, NULL);
	assert_false(boot_plan(&boot, options, &error));
	assert_error(error, LOADER_ERROR, LOADER_ERROR_FORMAT, "--kernel: ");
	boot_close(&boot);
	options_free(options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_short_headers),
		cmocka_unit_test_setup_teardown(test_files, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_read_into_memory, folder_setup,
						folder_teardown),
		cmocka_unit_test_setup_teardown(test_boot_linux, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_boot_errors, folder_setup, folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
