/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/microdroid/lib/verity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>

#define BLOCK_BYTES_MIN 512
#define BLOCK_BYTES_MAX 4096 /* dm-verity: at most a page */
#define SECTOR_BYTES 512
#define DM_CONTROL "/dev/mapper/control"
#define FORMAT_VERSION 1

enum key {
	KEY_BLOCK_BYTES,
	KEY_DATA_BLOCKS,
	KEY_HASH_START,
	KEY_ROOT_DIGEST,
	KEY_SALT,
	KEYS,
};

static const char *const key_names[KEYS] = { "block_bytes", "data_blocks", "hash_start",
					     "root_digest", "salt" };

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lower-case hexadecimal digits; false if there are others or more than @bytes_max * 2. */
static bool read_hex(const char *text, size_t length, uint8_t *bytes, size_t bytes_max,
		     size_t *count)
{
	if (length % 2 != 0 || length / 2 > bytes_max) {
		return false;
	}
	for (size_t i = 0; i < length / 2; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0) {
			return false;
		}
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	*count = length / 2;
	return true;
}

/* Decimal digits alone. */
static bool read_number(const char *text, size_t length, uint64_t *number)
{
	uint64_t value = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned char)text[i] - '0';

		if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
			return false;
		}
		value = value * 10 + digit;
	}
	*number = value;
	return length > 0;
}

static bool read_value(struct verity_tree *tree, enum key key, const char *value, size_t length)
{
	uint64_t number = 0;
	size_t bytes = 0;

	switch (key) {
	case KEY_BLOCK_BYTES:
		if (!read_number(value, length, &number) || number < BLOCK_BYTES_MIN ||
		    number > BLOCK_BYTES_MAX || (number & (number - 1)) != 0) {
			return false;
		}
		tree->block_bytes = (uint32_t)number;
		return true;
	case KEY_DATA_BLOCKS:
		return read_number(value, length, &tree->data_blocks) && tree->data_blocks > 0 &&
		       tree->data_blocks <= INT64_MAX / BLOCK_BYTES_MAX;
	case KEY_HASH_START:
		return read_number(value, length, &tree->hash_start) &&
		       tree->hash_start <= INT64_MAX / BLOCK_BYTES_MAX;
	case KEY_ROOT_DIGEST:
		return read_hex(value, length, tree->root_digest, sizeof(tree->root_digest),
				&bytes) &&
		       bytes == VERITY_DIGEST_BYTES;
	case KEY_SALT:
		return read_hex(value, length, tree->salt, sizeof(tree->salt), &tree->salt_bytes);
	case KEYS:
		break;
	}
	return false;
}

static enum key find_key(const char *name, size_t length)
{
	enum key key = KEY_BLOCK_BYTES;

	while (key < KEYS &&
	       (strlen(key_names[key]) != length || memcmp(key_names[key], name, length) != 0)) {
		key++;
	}
	return key;
}

const char *verity_parse(const char *text, struct verity_tree *tree)
{
	bool seen[KEYS] = { false };

	memset(tree, 0, sizeof(*tree));
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		const char *equals = memchr(text, '=', length);
		enum key key;

		if (equals == NULL) {
			return "a line is not name=value";
		}
		key = find_key(text, (size_t)(equals - text));
		if (key == KEYS) {
			return "a name is unknown";
		}
		if (seen[key]) {
			return "a name is there twice";
		}
		if (!read_value(tree, key, equals + 1, (size_t)(text + length - equals - 1))) {
			return "a value is none that its name allows";
		}
		seen[key] = true;
		text += length;
		text += *text == '\n';
	}
	if (!seen[KEY_BLOCK_BYTES] || !seen[KEY_DATA_BLOCKS] || !seen[KEY_HASH_START] ||
	    !seen[KEY_ROOT_DIGEST]) {
		return "a name is missing";
	}
	return NULL;
}

static void write_hex(char *text, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	}
	text[2 * count] = '\0';
}

bool verity_parameters(const struct verity_tree *tree, const char *data_device,
		       const char *hash_device, char *parameters, size_t size)
{
	char digest[2 * VERITY_DIGEST_BYTES + 1];
	char salt[2 * VERITY_SALT_BYTES_MAX + 1];
	int length;

	write_hex(digest, tree->root_digest, VERITY_DIGEST_BYTES);
	write_hex(salt, tree->salt, tree->salt_bytes);
	length = snprintf(parameters, size, "%d %s %s %u %u %llu %llu sha256 %s %s%s",
			  FORMAT_VERSION, data_device, hash_device, tree->block_bytes,
			  tree->block_bytes, (unsigned long long)tree->data_blocks,
			  (unsigned long long)tree->hash_start, digest,
			  tree->salt_bytes == 0 ? "-" : salt,
			  tree->restart ? " 1 restart_on_corruption" : "");
	return length > 0 && (size_t)length < size;
}

/* "major:minor" of the block device at @path. */
static bool device_number(const char *path, char *number, size_t size)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		return false;
	}
	if (!S_ISBLK(st.st_mode)) {
		errno = ENOTBLK;
		return false;
	}
	snprintf(number, size, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return true;
}

/* An ioctl's argument: the head, and a table's only line behind it. */
struct dm_call {
	struct dm_ioctl head;
	struct dm_target_spec line;
	char parameters[VERITY_PARAMETERS_BYTES_MAX];
};

static bool dm_command(int control, unsigned long command, struct dm_call *call, const char *name,
		       uint32_t flags)
{
	call->head.version[0] = DM_VERSION_MAJOR;
	call->head.version[1] = 0;
	call->head.version[2] = 0;
	call->head.data_size = sizeof(*call);
	call->head.data_start = offsetof(struct dm_call, line);
	call->head.flags = flags;
	call->head.event_nr = 0;
	call->head.dev = 0; /* by name: the kernel refuses a number beside it */
	snprintf(call->head.name, sizeof(call->head.name), "%s", name);
	return ioctl(control, command, call) == 0;
}

static bool load_and_start(int control, struct dm_call *call, const char *name,
			   const struct verity_tree *tree)
{
	call->head.target_count = 1;
	call->line.sector_start = 0;
	call->line.length = tree->data_blocks * (tree->block_bytes / SECTOR_BYTES);
	snprintf(call->line.target_type, sizeof(call->line.target_type), "verity");
	/* dm asks for multiples of 8, from the line's start. */
	call->line.next = sizeof(call->line) + sizeof(call->parameters);
	return dm_command(control, DM_TABLE_LOAD, call, name, DM_READONLY_FLAG) &&
	       dm_command(control, DM_DEV_SUSPEND, call, name, DM_READONLY_FLAG);
}

static bool make_device(int control, const char *name, const struct verity_tree *tree,
			const char *data_number, const char *hash_number, char *node,
			size_t node_size)
{
	struct dm_call call = { 0 };
	int error;

	if (!dm_command(control, DM_DEV_CREATE, &call, name, DM_READONLY_FLAG)) {
		return false;
	}
	snprintf(node, node_size, "/dev/dm-%u", minor(call.head.dev));
	if (!verity_parameters(tree, data_number, hash_number, call.parameters,
			       sizeof(call.parameters))) {
		errno = EINVAL;
	} else if (load_and_start(control, &call, name, tree)) {
		return true;
	}
	error = errno;
	call = (struct dm_call){ 0 };
	dm_command(control, DM_DEV_REMOVE, &call, name, 0);
	errno = error;
	return false;
}

bool verity_map(const char *name, const struct verity_tree *tree, const char *data,
		const char *hash, char *node, size_t node_size)
{
	char data_number[32], hash_number[32];
	int control, error;
	bool done;

	if (!device_number(data, data_number, sizeof(data_number)) ||
	    !device_number(hash, hash_number, sizeof(hash_number))) {
		return false;
	}
	control = open(DM_CONTROL, O_RDWR | O_CLOEXEC);
	if (control < 0) {
		return false;
	}
	done = make_device(control, name, tree, data_number, hash_number, node, node_size);
	error = errno;
	close(control);
	errno = error;
	return done;
}
