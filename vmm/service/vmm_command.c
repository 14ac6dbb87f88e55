/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* memfd_create */
#include "vmm/service/vmm_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/service/gpt.h"
#include "vmm/service/ipc_error.h"

#define MEMORY_MIB_DEFAULT 256 /* crosvm's */

static void fd_clear(void *fd)
{
	close(*(int *)fd);
}

static void add(struct vmm_command *c, const char *option, const char *value)
{
	g_ptr_array_add(c->words, g_strdup(option));
	if (value != NULL) {
		g_ptr_array_add(c->words, g_strdup(value));
	}
}

static void add_number(struct vmm_command *c, const char *option, uint32_t number)
{
	g_autofree char *text = g_strdup_printf("%u", number);

	add(c, option, text);
}

/* The name that the vmm knows descriptor @fd by, which becomes the command's; NULL on failure. */
static char *take_fd(struct vmm_command *c, int fd, GError **error)
{
	if (fd < 0) {
		int saved = errno;

		ipc_error_set(error, AVF_EXCEPTION_SERVICE_SPECIFIC, "no descriptor left: %s",
			      g_strerror(saved));
		return NULL;
	}
	g_array_append_val(c->fds, fd);
	return g_strdup_printf("fd:%u", VMM_COMMAND_FIRST_FD + c->fds->len - 1);
}

static char *share_fd(struct vmm_command *c, int fd, GError **error)
{
	return take_fd(c, fcntl(fd, F_DUPFD_CLOEXEC, VMM_COMMAND_FIRST_FD), error);
}

static bool access_allows(int fd, bool writable, GError **error)
{
	int flags = fcntl(fd, F_GETFL);
	int mode = flags & O_ACCMODE;

	if (flags < 0 || (flags & O_PATH) != 0 || (writable ? mode != O_RDWR : mode == O_WRONLY)) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "its descriptor is not open for reading%s",
				     writable ? " and writing" : "");
	}
	return true;
}

/* A regular file or block device with something in it, and the access that is needed. */
static bool check_file(int fd, bool writable, uint64_t *bytes, GError **error)
{
	struct stat status;
	off_t end;

	if (!access_allows(fd, writable, error)) {
		return false;
	}
	end = fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) ?
		      lseek(fd, 0, SEEK_END) :
		      -1;
	if (end < 0) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "neither a regular file nor a block device");
	}
	if (end == 0 || (writable && end % GPT_SECTOR_BYTES != 0)) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     end == 0 ? "the file is empty" :
						"its size is no multiple of 512 bytes");
	}
	*bytes = (uint64_t)end;
	return true;
}

static bool add_file(struct vmm_command *c, const char *option, int fd, const char *field,
		     GError **error)
{
	g_autofree char *name = NULL;
	uint64_t bytes;

	if (fd < 0) {
		return true;
	}
	if (check_file(fd, false, &bytes, error)) {
		name = share_fd(c, fd, error);
	}
	if (name == NULL) {
		g_prefix_error(error, "%s: ", field);
		return false;
	}
	add(c, option, name);
	return true;
}

/* A file in memory with these bytes, as the command's; its name, or NULL. */
static char *memory_file(struct vmm_command *c, const void *bytes, size_t count, GError **error)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, bytes, count) != (ssize_t)count) {
		close(fd);
		fd = -1;
		errno = ENOSPC;
	}
	return take_fd(c, fd, error);
}

static uint64_t whole_blocks(uint64_t bytes)
{
	return (bytes + GPT_ALIGN_BYTES - 1) / GPT_ALIGN_BYTES * GPT_ALIGN_BYTES;
}

/* Sizes of the partitions, and lines of the list for them; the names become the command's. */
static bool list_partitions(struct vmm_command *c, const struct vm_disk *disk,
			    struct gpt_partition *table, char **names, GError **error)
{
	for (guint i = 0; i < disk->partitions->len; i++) {
		const struct vm_partition *p = disk->partitions->pdata[i];
		bool writable = disk->writable && p->writable;

		if (check_file(p->image, writable, &table[i].bytes, error)) {
			names[i] = share_fd(c, p->image, error);
		}
		if (names[i] == NULL) {
			g_prefix_error(error, "partitions[%u].image: ", i);
			return false;
		}
		table[i].bytes = writable ? table[i].bytes : whole_blocks(table[i].bytes);
		table[i].label = p->label;
		table[i].guid = p->guid;
	}
	return true;
}

static char *list_text(const struct vm_disk *disk, const struct gpt_partition *table, char **names,
		       uint64_t disk_bytes, const char *head, const char *tail)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "0 %d r %s\n", GPT_HEAD_BYTES, head);
	for (guint i = 0; i < disk->partitions->len; i++) {
		const struct vm_partition *p = disk->partitions->pdata[i];

		g_string_append_printf(text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %c %s\n",
				       (guint64)table[i].at, (guint64)table[i].bytes,
				       disk->writable && p->writable ? 'w' : 'r', names[i]);
	}
	g_string_append_printf(text, "%" G_GUINT64_FORMAT " %d r %s\n",
			       (guint64)(disk_bytes - GPT_TAIL_BYTES), GPT_TAIL_BYTES, tail);
	return g_string_free(text, FALSE);
}

/* A disk of partitions; the name of its list, or NULL. */
static char *make_composite(struct vmm_command *c, const struct vm_disk *disk, GError **error)
{
	guint count = disk->partitions->len;
	g_autofree struct gpt_partition *table = g_new0(struct gpt_partition, count);
	g_auto(GStrv) names = g_new0(char *, count + 1);
	g_autofree uint8_t *head = g_malloc(GPT_HEAD_BYTES);
	g_autofree uint8_t *tail = g_malloc(GPT_TAIL_BYTES);
	g_autofree char *head_name = NULL;
	g_autofree char *tail_name = NULL;
	g_autofree char *text = NULL;
	uint64_t bytes;

	if (!list_partitions(c, disk, table, names, error)) {
		return NULL;
	}
	bytes = gpt_place(table, count);
	if (bytes == 0) {
		ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT, "partitions: too large");
		return NULL;
	}
	gpt_write(table, count, bytes, head, tail);
	head_name = memory_file(c, head, GPT_HEAD_BYTES, error);
	tail_name = head_name != NULL ? memory_file(c, tail, GPT_TAIL_BYTES, error) : NULL;
	if (tail_name == NULL) {
		return NULL;
	}
	text = list_text(disk, table, names, bytes, head_name, tail_name);
	return memory_file(c, text, strlen(text), error);
}

/* A disk that is one file; its name, or NULL. */
static char *make_plain(struct vmm_command *c, const struct vm_disk *disk, GError **error)
{
	char *name = NULL;
	uint64_t bytes = 0;

	if (check_file(disk->image, disk->writable, &bytes, error)) {
		if (bytes % GPT_SECTOR_BYTES != 0) {
			ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				      "its size is no multiple of 512 bytes");
		} else {
			name = share_fd(c, disk->image, error);
		}
	}
	if (name == NULL) {
		g_prefix_error(error, "image: ");
	}
	return name;
}

static bool add_disks(struct vmm_command *c, const GPtrArray *disks, GError **error)
{
	for (guint i = 0; i < disks->len; i++) {
		const struct vm_disk *disk = disks->pdata[i];
		bool composite = disk->image < 0;
		g_autofree char *name = composite ? make_composite(c, disk, error) :
						    make_plain(c, disk, error);
		g_autofree char *value = NULL;

		if (name == NULL) {
			g_prefix_error(error, "disks[%u].", i);
			return false;
		}
		value = g_strconcat(name, disk->writable ? "" : ",ro", NULL);
		add(c, composite ? "--composite" : "--block", value);
	}
	return true;
}

static bool add_output(struct vmm_command *c, const char *option, int fd, const char *field,
		       GError **error)
{
	g_autofree char *name = NULL;

	if (fd < 0) {
		add(c, option, "null");
		return true;
	}
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
		return ipc_error_set(error, AVF_EXCEPTION_ILLEGAL_ARGUMENT,
				     "%s: its descriptor is not open for writing", field);
	}
	name = share_fd(c, fd, error);
	if (name == NULL) {
		return false;
	}
	add(c, option, name);
	return true;
}

static bool add_input(struct vmm_command *c, int fd, GError **error)
{
	g_autofree char *name = NULL;

	if (fd < 0) {
		return true;
	}
	if (access_allows(fd, false, error)) {
		name = share_fd(c, fd, error);
	}
	if (name == NULL) {
		g_prefix_error(error, "console-in: ");
		return false;
	}
	add(c, "--console-input", name);
	return true;
}

static uint32_t cpus(const struct vm_common *common)
{
	long host = sysconf(_SC_NPROCESSORS_ONLN);

	if (common->cpu_count != 0) {
		return common->cpu_count;
	}
	if (common->cpu_topology == AVF_CPU_ONE || host < 1) {
		return 1;
	}
	return host < VM_CONFIG_CPUS_MAX ? (uint32_t)host : VM_CONFIG_CPUS_MAX;
}

static void add_machine(struct vmm_command *c, const struct vm_raw_config *config)
{
	const struct vm_common *common = &config->common;

	if (common->protected_vm) {
		add(c, common->rsi ? "--rsi" : "--protected", NULL);
	}
	add_number(c, "--mem", common->memory_mib != 0 ? common->memory_mib : MEMORY_MIB_DEFAULT);
	if (common->swiotlb_mib != 0) {
		add_number(c, "--swiotlb", common->swiotlb_mib);
	}
	if (common->huge_pages) {
		add(c, "--hugepages", NULL);
	}
	add_number(c, "--cpus", cpus(common));
	if (config->params != NULL) {
		add(c, "--params", config->params);
	}
	add(c, "--rng", NULL);
}

/* A socket of the service's, or none. */
static bool add_socket(struct vmm_command *c, const char *option, int fd, GError **error)
{
	g_autofree char *name = NULL;

	if (fd < 0) {
		return true;
	}
	name = share_fd(c, fd, error);
	if (name == NULL) {
		return false;
	}
	add(c, option, name);
	return true;
}

static bool add_all(struct vmm_command *c, const struct vmm_command_request *request,
		    GError **error)
{
	const struct vm_raw_config *config = request->config;
	const struct vm_streams *streams = &request->streams;
	g_autofree char *parent = g_strdup_printf("%d", (int)request->parent);
	g_autofree char *info = request->directory != NULL ?
					g_build_filename(request->directory, "info.json", NULL) :
					NULL;

	add(c, request->program, NULL);
	add(c, "run", NULL);
	add(c, "--parent", parent);
	add_machine(c, config);
	add_number(c, "--cid", request->cid);
	if (info != NULL) {
		add(c, "--info-file", info);
	}
	return add_file(c, "--kernel", config->kernel, "kernel", error) &&
	       add_file(c, "--raw", config->bootloader, "bootloader", error) &&
	       add_file(c, "--initrd", config->initrd, "initrd", error) &&
	       add_file(c, "--device-tree-overlay", config->device_tree_overlay,
			"device-tree-overlay", error) &&
	       add_output(c, "--serial0", streams->console_out, "console-out", error) &&
	       add_output(c, "--serial1", request->failure_port, "failure port", error) &&
	       add_output(c, "--console", streams->console_out, "console-out", error) &&
	       add_output(c, "--log", streams->log, "log", error) &&
	       add_input(c, streams->console_in, error) &&
	       add_socket(c, "--control", request->control, error) &&
	       add_socket(c, "--gdb", request->gdb, error) && add_disks(c, config->disks, error);
}

struct vmm_command *vmm_command_build(const struct vmm_command_request *request, GError **error)
{
	struct vmm_command *c = g_new0(struct vmm_command, 1);

	c->words = g_ptr_array_new_with_free_func(g_free);
	c->fds = g_array_new(FALSE, FALSE, sizeof(int));
	g_array_set_clear_func(c->fds, fd_clear);
	if (!add_all(c, request, error)) {
		vmm_command_free(c);
		return NULL;
	}
	g_ptr_array_add(c->words, NULL);
	return c;
}

bool vmm_command_check(const struct vm_raw_config *config, const struct vm_streams *streams,
		       GError **error)
{
	const struct vmm_command_request request = {
		.program = "",
		.config = config,
		.streams = *streams,
		.failure_port = -1,
		.control = -1,
		.gdb = -1,
	};
	struct vmm_command *command = vmm_command_build(&request, error);

	vmm_command_free(command);
	return command != NULL;
}

void vmm_command_free(struct vmm_command *command)
{
	if (command != NULL) {
		g_ptr_array_unref(command->words);
		g_array_unref(command->fds);
		g_free(command);
	}
}
