/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idsigs: byte for byte what apksigner writes, and those that are refused. */
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "tests/apk/support.h"
#include "vmm/apk/idsig.h"

static const char *const packages[] = { "rsa", "ec", "verity", "rsa4096" };

static GByteArray *load(const char *name, const char *suffix)
{
	g_autofree char *file = g_strconcat(name, suffix, NULL);

	return package_load(file);
}

static guint32 u32_at(const GByteArray *bytes, guint at)
{
	guint32 number;

	assert_true(at + 4 <= bytes->len);
	memcpy(&number, bytes->data + at, sizeof(number));
	return GUINT32_FROM_LE(number);
}

/*
 * Ours against apksigner's: version, hashing info and package's digest are the same bytes, and so is the tree; between them apksigner has its
 * signature, and we have nothing.
 */
static void the_same_bytes_as_apksigners(void **state)
{
	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(packages); i++) {
		g_autoptr(GByteArray) package = load(packages[i], ".apk");
		g_autoptr(GByteArray) theirs = load(packages[i], ".apk.idsig");
		struct apk_source source = package_source(package);
		g_autoptr(GByteArray) ours = idsig_create(&source, NULL);
		guint signing = 8 + u32_at(theirs, 4);
		guint digest_end = signing + 8 + u32_at(theirs, signing + 4);
		guint their_tree = signing + 4 + u32_at(theirs, signing);
		guint our_tree;

		assert_non_null(ours);
		our_tree = signing + 4 + u32_at(ours, signing);
		assert_memory_equal(ours->data, theirs->data, signing);
		assert_memory_equal(ours->data + signing + 4, theirs->data + signing + 4,
				    digest_end - signing - 4);
		assert_int_equal(ours->len - our_tree, theirs->len - their_tree);
		assert_memory_equal(ours->data + our_tree, theirs->data + their_tree,
				    ours->len - our_tree);
	}
}

static void reads_both(void **state)
{
	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(packages); i++) {
		g_autoptr(GByteArray) package = load(packages[i], ".apk");
		g_autoptr(GByteArray) theirs = load(packages[i], ".apk.idsig");
		struct apk_source source = package_source(package);
		g_autoptr(GByteArray) ours = idsig_create(&source, NULL);
		struct apk_source a = package_source(theirs), b = package_source(ours);
		struct idsig their_idsig, our_idsig;

		assert_true(idsig_read(&a, package->len, &their_idsig, NULL));
		assert_true(idsig_read(&b, package->len, &our_idsig, NULL));
		assert_memory_equal(their_idsig.root, our_idsig.root, sizeof(our_idsig.root));
		assert_int_equal(their_idsig.digest_bytes, our_idsig.digest_bytes);
		assert_memory_equal(their_idsig.digest, our_idsig.digest, our_idsig.digest_bytes);
		assert_int_equal(our_idsig.tree_offset + our_idsig.tree_bytes, ours->len);
	}
}

static void idsigs_that_are_refused(void **state)
{
	/* Where one byte is another: version, infos' sizes, algorithm, block size, sizes of salt, root and digest. */
	static const guint places[] = { 0, 4, 5, 8, 12, 13, 17, 53, 54, 57 };
	g_autoptr(GByteArray) package = load("rsa", ".apk");
	g_autoptr(GByteArray) idsig = load("rsa", ".apk.idsig");
	struct apk_source source = package_source(idsig);
	struct idsig read;

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		idsig->data[places[i]] ^= 0x80;
		if (idsig_read(&source, package->len, &read, NULL)) {
			fail_msg("byte %u is not looked at", places[i]);
		}
		idsig->data[places[i]] ^= 0x80;
	}
	assert_true(idsig_read(&source, package->len, &read, NULL));
	assert_false(idsig_read(&source, package->len + 1024 * 1024, &read, NULL));
	assert_false(idsig_read(&source, 0, &read, NULL));
	for (guint bytes = 0; bytes < idsig->len; bytes += bytes < 100 ? 1 : 97) {
		apk_source_memory(&source, idsig->data, bytes);
		assert_false(idsig_read(&source, package->len, &read, NULL));
	}
}

/* Any changed byte of the package has another root. */
static void each_byte_is_in_the_root(void **state)
{
	g_autoptr(GByteArray) package = load("rsa", ".apk");
	struct apk_source source = package_source(package);
	guint8 root[MERKLE_DIGEST_BYTES], other[MERKLE_DIGEST_BYTES];

	(void)state;
	g_byte_array_unref(apk_file_tree(&source, root, NULL));
	for (guint i = 0; i < package->len; i += 131) {
		package->data[i] ^= 1;
		g_byte_array_unref(apk_file_tree(&source, other, NULL));
		assert_memory_not_equal(root, other, sizeof(root));
		package->data[i] ^= 1;
	}
}

/* Trees of one, two and three levels have the sizes that they should. */
static void sizes_of_trees(void **state)
{
	static const struct {
		guint64 data, tree;
	} cases[] = {
		{ 1, 4096 },
		{ 128 * 4096, 4096 },
		{ 128 * 4096 + 1, 3 * 4096 },
		{ 128 * 128 * 4096, 129 * 4096 },
		{ 128 * 128 * 4096 + 1, (1 + 2 + 129) * 4096 },
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_int_equal(merkle_tree_bytes(cases[i].data), cases[i].tree);
		if (cases[i].data <= 128 * 4096 + 1) {
			g_autofree guint8 *data = g_malloc0(cases[i].data);
			struct merkle *merkle = merkle_new(NULL, 0);
			guint8 root[MERKLE_DIGEST_BYTES];
			GByteArray *tree;

			merkle_update(merkle, data, cases[i].data);
			tree = merkle_finish(merkle, root);
			assert_int_equal(tree->len, cases[i].tree);
			g_byte_array_unref(tree);
		}
	}
}

static int file_of(const GByteArray *bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_equal(write(fd, bytes->data, bytes->len), bytes->len);
	return fd;
}

static void creates_and_updates(void **state)
{
	g_autoptr(GByteArray) package = load("rsa", ".apk");
	g_autoptr(GByteArray) other = load("ec", ".apk");
	g_autoptr(GByteArray) theirs = load("rsa", ".apk.idsig");
	struct apk_source source = package_source(package);
	g_autoptr(GByteArray) ours = idsig_create(&source, NULL);
	g_autoptr(GByteArray) nothing = g_byte_array_new();
	int apk = file_of(package), other_apk = file_of(other);
	int idsig = file_of(nothing), signed_idsig = file_of(theirs);
	g_autofree guint8 *there = g_malloc(theirs->len);
	GError *error = NULL;

	(void)state;
	assert_true(idsig_create_or_update(apk, idsig, NULL));
	assert_int_equal(lseek(idsig, 0, SEEK_END), ours->len);
	assert_int_equal(pread(idsig, there, theirs->len, 0), ours->len);
	assert_memory_equal(there, ours->data, ours->len);
	/* apksigner's, with its signature, is this package's: it stays. */
	assert_true(idsig_create_or_update(apk, signed_idsig, NULL));
	assert_int_equal(pread(signed_idsig, there, theirs->len, 0), theirs->len);
	assert_memory_equal(there, theirs->data, theirs->len);
	/* Another package's does not. */
	assert_true(idsig_create_or_update(other_apk, signed_idsig, NULL));
	assert_true(idsig_create_or_update(apk, signed_idsig, NULL));
	assert_int_equal(lseek(signed_idsig, 0, SEEK_END), ours->len);
	/* What is no package leaves it alone. */
	assert_false(idsig_create_or_update(idsig, signed_idsig, &error));
	apk_error_is(error, APK_ERROR_FORMAT);
	assert_int_equal(lseek(signed_idsig, 0, SEEK_END), ours->len);
	close(apk);
	close(other_apk);
	close(idsig);
	close(signed_idsig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_bytes_as_apksigners),
		cmocka_unit_test(reads_both),
		cmocka_unit_test(idsigs_that_are_refused),
		cmocka_unit_test(each_byte_is_in_the_root),
		cmocka_unit_test(sizes_of_trees),
		cmocka_unit_test(creates_and_updates),
	};

	return cmocka_run_group_tests_name("apk_idsig", tests, NULL, NULL);
}
