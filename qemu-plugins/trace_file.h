/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trace file (platform/abi/trace_format.h), written through a mapping of
 * it: what was recorded is in the file at once, whatever happens to QEMU
 * afterwards, and can be read while it runs. The file grows by windows whose
 * space is allocated before they are used; when that fails (disk full), the
 * trace is ended there and marked as cut.
 *
 * Needs the caller's lock for all functions.
 */
#ifndef QEMU_PLUGINS_TRACE_FILE_H
#define QEMU_PLUGINS_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/abi/trace_format.h"

struct trace_file {
	int fd;                /* -1 when closed */
	uint8_t *window;       /* mapped part of the file */
	uint64_t window_start; /* its offset in the file, a multiple of the page size */
	uint64_t window_end;
	uint64_t at;      /* offset of the next record */
	uint64_t records; /* written, without END */
	uint64_t last_ns; /* time of the last record */
	uint64_t dropped; /* records that came after the file could not grow */
	enum trace_state state;
};

/*
 * Create (or replace) the file and write its header.
 *
 * @manifest  text of "key=value\n" lines, copied.
 * Owns    @file holds a descriptor and a mapping until trace_file_close().
 * Errors  an errno value; then nothing is open, and what could be created of
 *         the file is removed. 0 on success.
 */
int trace_file_open(struct trace_file *file, const char *path, enum trace_clock_kind clock,
		    const char *manifest);

/*
 * Append @count records that belong together: all of them or none.
 *
 * Errors  an errno value, returned once: when the file could not grow. The
 *         file is then ended with END and state CUT. Later calls only count
 *         into @dropped and return 0. 0 on success.
 */
int trace_file_append(struct trace_file *file, const struct trace_record *records, size_t count);

/* End the trace: END record, state, true length. Later appends are dropped. */
void trace_file_close(struct trace_file *file);

#endif /* QEMU_PLUGINS_TRACE_FILE_H */
