/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CIDs that VMs get: each one above the last, from AVF_CID_MIN again after AVF_CID_MAX. So
 * one that is free again is the last to be given; also over a restart, since the last is kept in a file.
 */
#ifndef VMM_SERVICE_CID_H
#define VMM_SERVICE_CID_H

#include <stdint.h>

#include <glib.h>

#include "vmm/service/avf.h"

struct cid_pool;

/*
 * A pool whose last CID is in the file @path; a file that is missing or makes no sense starts
 * it anew. Returns a pool, owned by the caller: cid_pool_free().
 */
struct cid_pool *cid_pool_new(const char *path);

/*
 * Take a CID, and write it to the file.
 *
 * Returns  it, the caller's until cid_pool_give_back().
 * Errors   0; IPC_ERROR ServiceSpecific: all are taken, or the file cannot be written.
 */
uint32_t cid_pool_take(struct cid_pool *pool, GError **error);

/* Somebody else has @cid: it is not given until cid_pool_give_back(). */
void cid_pool_mark_taken(struct cid_pool *pool, uint32_t cid);

/* @cid is no VM's any more. */
void cid_pool_give_back(struct cid_pool *pool, uint32_t cid);

/* Free the pool. NULL is allowed. */
void cid_pool_free(struct cid_pool *pool);

#endif /* VMM_SERVICE_CID_H */
