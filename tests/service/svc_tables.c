/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables that AVF's clients rely on, each against one written by hand: states, reasons of death, CIDs. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tests/plugins/cmocka_all.h"
#include "vmm/service/cid.h"
#include "vmm/service/death.h"
#include "vmm/service/ipc_error.h"
#include "vmm/service/state.h"

/* Columns and rows: NOT_STARTED STARTING STARTED READY FINISHED (5) DEAD. */
static const char *const next[] = {
	".x....x", /* NOT_STARTED */
	"..xxx.x", /* STARTING */
	"...xx.x", /* STARTED */
	"....x.x", /* READY */
	"......x", /* FINISHED */
	".......", /* 5 is no state */
	".......", /* DEAD */
};

static void states(void **state)
{
	(void)state;
	for (int from = -2; from < 10; from++) {
		for (int to = -2; to < 10; to++) {
			bool inside = from >= 0 && from <= 6 && to >= 0 && to <= 6;
			bool expected = inside && next[from][to] == 'x';

			if (state_may_become(from, to) != expected) {
				fail_msg("%d to %d", from, to);
			}
		}
	}
	assert_string_equal(state_name(0), "NOT_STARTED");
	assert_string_equal(state_name(6), "DEAD");
	assert_string_equal(state_name(5), "?");
	assert_string_equal(state_name(-1), "?");
}

static void exit_codes(void **state)
{
	(void)state;
	for (int code = 0; code < 256; code++) {
		int expected = 2;

		switch (code) {
		case 0:
			expected = 3;
			break;
		case 1:
			expected = 4;
			break;
		case 32:
			expected = 5;
			break;
		case 33:
			expected = 6;
			break;
		case 36:
			expected = 17;
			break;
		default:
			break;
		}
		/* A wait status: the exit code in the second byte, a signal in the first (wait(2)). */
		assert_int_equal(death_from_wait_status(code << 8), expected);
	}
	assert_int_equal(death_from_wait_status(9), 1);
	assert_int_equal(death_from_wait_status(11 | 0x80), 1);
	assert_int_equal(death_from_wait_status(0x7f), 0);
}

static void failure_texts(void **state)
{
	static const struct {
		const char *text;
		int reason; /* with an exit code of 33: 6 where the text does not count */
	} rows[] = {
		{ "PVM_FIRMWARE_PUBLIC_KEY_MISMATCH", 7 },
		{ "PVM_FIRMWARE_INSTANCE_IMAGE_CHANGED|x", 8 },
		{ "MICRODROID_FAILED_TO_CONNECT_TO_VIRTUALIZATION_SERVICE", 11 },
		{ "MICRODROID_PAYLOAD_HAS_CHANGED|a|b", 12 },
		{ "MICRODROID_PAYLOAD_VERIFICATION_FAILED|", 13 },
		{ "MICRODROID_INVALID_PAYLOAD_CONFIG\nMICRODROID_PAYLOAD_HAS_CHANGED", 14 },
		{ "MICRODROID_UNKNOWN_RUNTIME_ERROR\r\n", 15 },
		{ "HANGUP", 16 },
		{ "", 6 },
		{ "|HANGUP", 6 },
		{ "HANGUPS", 6 },
		{ "HANG", 6 },
		{ " HANGUP", 6 },
		{ "hangup", 6 },
		{ "KILLED", 6 },
		{ "SHUTDOWN|by the guest", 6 },
		{ "VIRTUALIZATION_SERVICE_DIED", 6 },
		{ "WATCHDOG_REBOOT", 6 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_int_equal(death_reason(rows[i].text, strlen(rows[i].text), 33 << 8),
				 rows[i].reason);
	}
	/* Not a byte more than was given. */
	assert_int_equal(death_reason("HANGUPS", 6, 0), 16);
	assert_string_equal(death_name(-1), "VIRTUALIZATION_SERVICE_DIED");
	assert_string_equal(death_name(9), "?");
}

static uint32_t taken(struct cid_pool *pool)
{
	g_autoptr(GError) error = NULL;
	uint32_t cid = cid_pool_take(pool, &error);

	assert_null(error);
	return cid;
}

static void cids(void **state)
{
	g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
	g_autofree char *path = g_build_filename(folder, "last", NULL);
	struct cid_pool *pool = cid_pool_new(path);

	(void)state;
	assert_int_equal(taken(pool), 2048);
	assert_int_equal(taken(pool), 2049);
	cid_pool_give_back(pool, 2048);
	cid_pool_give_back(pool, 2049);
	assert_int_equal(taken(pool), 2050);
	cid_pool_free(pool);
	pool = cid_pool_new(path);
	assert_int_equal(taken(pool), 2051);
	cid_pool_free(pool);
	/* Around the end, past one that is taken. */
	assert_true(g_file_set_contents(path, "65534", -1, NULL));
	pool = cid_pool_new(path);
	assert_int_equal(taken(pool), 65535);
	assert_int_equal(taken(pool), 2048);
	cid_pool_free(pool);
	assert_true(g_file_set_contents(path, "99999 or so", -1, NULL));
	pool = cid_pool_new(path);
	assert_int_equal(taken(pool), 2048);
	cid_pool_free(pool);
	g_unlink(path);
	g_rmdir(folder);
}

static void cids_run_out(void **state)
{
	g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
	g_autofree char *path = g_build_filename(folder, "last", NULL);
	struct cid_pool *pool = cid_pool_new(path);
	GError *error = NULL;

	(void)state;
	/* A CID that is given back is the only one left, wherever the last was. */
	for (uint32_t cid = 2048; cid <= 65535; cid += 1) {
		cid_pool_mark_taken(pool, cid);
	}
	assert_int_equal(cid_pool_take(pool, &error), 0);
	assert_true(g_error_matches(error, IPC_ERROR, AVF_EXCEPTION_SERVICE_SPECIFIC));
	g_clear_error(&error);
	cid_pool_give_back(pool, 40000);
	assert_int_equal(taken(pool), 40000);
	cid_pool_free(pool);
	/* Nowhere to keep the last one. */
	g_unlink(path);
	g_rmdir(folder);
	pool = cid_pool_new(path);
	assert_int_equal(cid_pool_take(pool, &error), 0);
	assert_true(g_error_matches(error, IPC_ERROR, AVF_EXCEPTION_SERVICE_SPECIFIC));
	g_clear_error(&error);
	cid_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),        cmocka_unit_test(exit_codes),
		cmocka_unit_test(failure_texts), cmocka_unit_test(cids),
		cmocka_unit_test(cids_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
