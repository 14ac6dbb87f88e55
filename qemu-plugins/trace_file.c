/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-plugins/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file grows by this much; also the granule of mapping offsets. */
#define WINDOW_BYTES (UINT64_C(1) << 20)
#define MAP_GRANULE (UINT64_C(1) << 16)

/* Room for END is always kept. */
#define RESERVED_BYTES sizeof(struct trace_record)

/* Allocate and map the file from where @file->at lies. Returns an errno value. */
static int next_window(struct trace_file *file)
{
	uint64_t start = file->at & ~(MAP_GRANULE - 1);
	uint64_t end = start + WINDOW_BYTES;
	void *window;
	int error;

	/* Never through a write beyond the allocation: that would be SIGBUS. */
	error = posix_fallocate(file->fd, (off_t)start, (off_t)(end - start));
	if (error != 0) {
		return error;
	}
	window = mmap(NULL, (size_t)(end - start), PROT_READ | PROT_WRITE, MAP_SHARED, file->fd,
		      (off_t)start);
	if (window == MAP_FAILED) {
		return errno != 0 ? errno : ENOMEM; /* never 0: there is no window */
	}
	if (file->window != NULL) {
		munmap(file->window, (size_t)(file->window_end - file->window_start));
	}
	file->window = window;
	file->window_start = start;
	file->window_end = end;
	return 0;
}

static void put(struct trace_file *file, const void *data, size_t bytes)
{
	memcpy(file->window + (file->at - file->window_start), data, bytes);
	file->at += bytes;
}

static void put_header(struct trace_file *file, enum trace_clock_kind clock, const char *manifest)
{
	size_t length = strlen(manifest);
	struct trace_header header = {
		.magic = TRACE_MAGIC,
		.version = TRACE_VERSION,
		.header_bytes = (uint32_t)((sizeof(header) + length + 7) & ~(size_t)7),
		.record_bytes = sizeof(struct trace_record),
		.clock = clock,
		.state = TRACE_STATE_OPEN,
		.manifest_bytes = (uint32_t)length,
	};

	put(file, &header, sizeof(header));
	put(file, manifest, length);
	file->at = header.header_bytes; /* the gap is zero: the file is new */
}

int trace_file_open(struct trace_file *file, const char *path, enum trace_clock_kind clock,
		    const char *manifest)
{
	struct stat info;
	int error;

	*file = (struct trace_file){ .fd = -1 };
	if (strlen(manifest) > WINDOW_BYTES / 2) {
		return EMSGSIZE;
	}
	file->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file->fd < 0) {
		return errno;
	}
	/* Devices and pipes cannot be mapped, and must not be removed. */
	if (fstat(file->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
		close(file->fd);
		file->fd = -1;
		return ENOTSUP;
	}
	error = next_window(file);
	if (error != 0) {
		close(file->fd);
		file->fd = -1;
		unlink(path);
		return error;
	}
	put_header(file, clock, manifest);
	return 0;
}

/* Write END and the header's state; the mapping stays. */
static void finish(struct trace_file *file, enum trace_state state)
{
	struct trace_record end = {
		.type = TRACE_END,
		.time_ns = file->last_ns,
		.v = { file->records, state },
	};
	uint32_t state_word = state;

	file->state = state;
	put(file, &end, sizeof(end));
	/*
	 * The header may lie outside the window. Its page exists, so this
	 * write needs no space; a failure leaves OPEN, which readers report.
	 */
	if (pwrite(file->fd, &state_word, sizeof(state_word),
		   offsetof(struct trace_header, state)) != sizeof(state_word)) {
		file->dropped++;
	}
}

int trace_file_append(struct trace_file *file, const struct trace_record *records, size_t count)
{
	size_t bytes = count * sizeof(*records);
	int error;

	if (file->fd < 0 || file->state != TRACE_STATE_OPEN) {
		file->dropped += count;
		return 0;
	}
	if (file->at + bytes + RESERVED_BYTES > file->window_end) {
		error = next_window(file);
		if (error != 0) {
			finish(file, TRACE_STATE_CUT);
			file->dropped += count;
			return error;
		}
	}
	put(file, records, bytes);
	file->records += count;
	file->last_ns = records[0].time_ns;
	return 0;
}

void trace_file_close(struct trace_file *file)
{
	if (file->fd < 0) {
		return;
	}
	if (file->state == TRACE_STATE_OPEN) {
		finish(file, TRACE_STATE_COMPLETE);
	}
	munmap(file->window, (size_t)(file->window_end - file->window_start));
	file->window = NULL;
	/* On failure zeroes stay behind END, which readers do not look at. */
	if (ftruncate(file->fd, (off_t)file->at) != 0) {
		file->dropped++;
	}
	close(file->fd);
	file->fd = -1;
}
