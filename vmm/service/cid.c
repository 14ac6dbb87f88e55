/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/cid.h"

#include "vmm/service/ipc_error.h"

#define CIDS (AVF_CID_MAX - AVF_CID_MIN + 1)

struct cid_pool {
	char *path;
	uint32_t last;     /* given last; AVF_CID_MAX at the start */
	GHashTable *taken; /* of CIDs as pointers */
};

struct cid_pool *cid_pool_new(const char *path)
{
	struct cid_pool *pool = g_new0(struct cid_pool, 1);
	g_autofree char *text = NULL;
	guint64 last = 0;

	pool->path = g_strdup(path);
	pool->taken = g_hash_table_new(g_direct_hash, g_direct_equal);
	pool->last = AVF_CID_MAX;
	if (g_file_get_contents(path, &text, NULL, NULL) &&
	    g_ascii_string_to_unsigned(g_strchomp(text), 10, AVF_CID_MIN, AVF_CID_MAX, &last,
				       NULL)) {
		pool->last = (uint32_t)last;
	}
	return pool;
}

static uint32_t after(uint32_t cid)
{
	return cid == AVF_CID_MAX ? AVF_CID_MIN : cid + 1;
}

uint32_t cid_pool_take(struct cid_pool *pool, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) failure = NULL;
	uint32_t cid = after(pool->last);

	if (g_hash_table_size(pool->taken) == CIDS) {
		ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC, "no CID is left");
		return 0;
	}
	while (g_hash_table_contains(pool->taken, GUINT_TO_POINTER(cid))) {
		cid = after(cid);
	}
	text = g_strdup_printf("%u\n", cid);
	if (!g_file_set_contents(pool->path, text, -1, &failure)) {
		ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC, "cannot keep the last CID: %s",
			      failure->message);
		return 0;
	}
	pool->last = cid;
	g_hash_table_add(pool->taken, GUINT_TO_POINTER(cid));
	return cid;
}

void cid_pool_mark_taken(struct cid_pool *pool, uint32_t cid)
{
	g_hash_table_add(pool->taken, GUINT_TO_POINTER(cid));
}

void cid_pool_give_back(struct cid_pool *pool, uint32_t cid)
{
	g_hash_table_remove(pool->taken, GUINT_TO_POINTER(cid));
}

void cid_pool_free(struct cid_pool *pool)
{
	if (pool != NULL) {
		g_hash_table_unref(pool->taken);
		g_free(pool->path);
		g_free(pool);
	}
}
