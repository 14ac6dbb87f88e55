/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zipfuse PACKAGE FD: serves the contents of a zip as a read-only file system, to the kernel that has mounted FUSE on descriptor FD. Stored
 * files are read from the package when the kernel asks, so dm-verity checks each block then; deflated ones are unpacked while they are open.
 *
 * It becomes a user of its own before it looks at the package: what is in there is the payload's.
 */
#define FUSE_USE_VERSION 312

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <fuse3/fuse_lowlevel.h>

#include "guest/microdroid/lib/log.h"
#include "guest/microdroid/lib/privileges.h"
#include "guest/microdroid/zipfuse/tree.h"

#define FOREVER_S 86400.0 /* the kernel may keep what it knows: nothing changes */
#define UNPACKED_BYTES_MAX (256 * 1024 * 1024)
#define BLOCK_BYTES 4096

struct zipfuse {
	struct apk_source source;
	struct tree *tree;
};

static struct zipfuse *zipfuse_of(fuse_req_t request)
{
	return fuse_req_userdata(request);
}

/* Files below bin/ may be run, as in AVF. */
static void fill_stat(const struct tree *tree, const struct tree_node *node, struct stat *st)
{
	gboolean is_file = node->entry != NULL;
	mode_t file_mode = tree_is_below(tree, node, "bin") ? 0555 : 0444;

	*st = (struct stat){
		.st_ino = node->number,
		.st_mode = is_file ? S_IFREG | file_mode : S_IFDIR | 0555,
		.st_nlink = is_file ? 1 : 2,
		.st_size = is_file ? (off_t)node->entry->size : 0,
		.st_blksize = BLOCK_BYTES,
		.st_blocks = is_file ? (blkcnt_t)((node->entry->size + 511) / 512) : 0,
	};
}

static void do_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	const struct tree *tree = zipfuse_of(request)->tree;
	const struct tree_node *folder = tree_node(tree, parent);
	const struct tree_node *node = folder != NULL ? tree_lookup(folder, name) : NULL;
	struct fuse_entry_param entry = { .attr_timeout = FOREVER_S, .entry_timeout = FOREVER_S };

	/* Number 0: there is none, and that may be kept too. */
	if (node != NULL) {
		entry.ino = node->number;
		fill_stat(tree, node, &entry.attr);
	}
	fuse_reply_entry(request, &entry);
}

static void do_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	const struct tree *tree = zipfuse_of(request)->tree;
	const struct tree_node *node = tree_node(tree, number);
	struct stat st;

	(void)info;
	if (node == NULL) {
		fuse_reply_err(request, ENOENT);
		return;
	}
	fill_stat(tree, node, &st);
	fuse_reply_attr(request, &st, FOREVER_S);
}

/* Number and name of the @at-th of a folder's entries: itself, its parent, its children. */
static gboolean folder_entry(const struct tree *tree, const struct tree_node *folder, guint64 at,
			     const char **name, const struct tree_node **node)
{
	if (at < 2) {
		*name = at == 0 ? "." : "..";
		*node = at == 0 ? folder : tree_node(tree, folder->parent);
		return TRUE;
	}
	if (at - 2 >= folder->children->len) {
		return FALSE;
	}
	*node = g_ptr_array_index(folder->children, at - 2);
	*name = (*node)->name;
	return TRUE;
}

static void do_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
		       struct fuse_file_info *info)
{
	const struct tree *tree = zipfuse_of(request)->tree;
	const struct tree_node *folder = tree_node(tree, number);
	g_autofree char *buffer = NULL;
	const struct tree_node *node;
	const char *name;
	size_t used = 0;

	(void)info;
	if (folder == NULL || folder->children == NULL || offset < 0) {
		fuse_reply_err(request, ENOTDIR);
		return;
	}
	buffer = g_malloc(size);
	for (guint64 at = (guint64)offset; folder_entry(tree, folder, at, &name, &node); at++) {
		struct stat st;
		size_t needed;

		fill_stat(tree, node, &st);
		needed = fuse_add_direntry(request, buffer + used, size - used, name, &st,
					   (off_t)at + 1);
		if (needed > size - used) {
			break;
		}
		used += needed;
	}
	fuse_reply_buf(request, buffer, used);
}

/* Unpack a deflated file for its first user. */
static gboolean unpack(struct zipfuse *zipfuse, struct tree_node *node)
{
	g_autoptr(GError) error = NULL;

	if (node->entry->method == ZIP_STORED) {
		return TRUE;
	}
	if (node->content == NULL) {
		node->content =
			zip_content(&zipfuse->source, node->entry, UNPACKED_BYTES_MAX, &error);
		if (node->content == NULL) {
			log_line("%s", error->message);
			return FALSE;
		}
	}
	node->users++;
	return TRUE;
}

static void do_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	struct zipfuse *zipfuse = zipfuse_of(request);
	struct tree_node *node = tree_node(zipfuse->tree, number);

	if (node == NULL || node->entry == NULL) {
		fuse_reply_err(request, node == NULL ? ENOENT : EISDIR);
	} else if ((info->flags & O_ACCMODE) != O_RDONLY) {
		fuse_reply_err(request, EROFS);
	} else if (!unpack(zipfuse, node)) {
		fuse_reply_err(request, EIO);
	} else {
		info->keep_cache = 1;
		fuse_reply_open(request, info);
	}
}

static void do_release(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	struct tree_node *node = tree_node(zipfuse_of(request)->tree, number);

	(void)info;
	if (node != NULL && node->users > 0 && --node->users == 0) {
		g_clear_pointer(&node->content, g_bytes_unref);
	}
	fuse_reply_err(request, 0);
}

static void do_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
		    struct fuse_file_info *info)
{
	struct zipfuse *zipfuse = zipfuse_of(request);
	const struct tree_node *node = tree_node(zipfuse->tree, number);
	guint64 at = (guint64)offset;
	g_autofree char *buffer = NULL;

	(void)info;
	if (node == NULL || node->entry == NULL || offset < 0) {
		fuse_reply_err(request, EINVAL);
		return;
	}
	size = at < node->entry->size ? (size_t)MIN(size, node->entry->size - at) : 0;
	if (node->content != NULL) {
		fuse_reply_buf(request, (const char *)g_bytes_get_data(node->content, NULL) + at,
			       size);
		return;
	}
	buffer = g_malloc(size + 1);
	if (node->entry->method != ZIP_STORED ||
	    !apk_source_read(&zipfuse->source, node->entry->offset + at, buffer, size, NULL)) {
		fuse_reply_err(request, EIO);
		return;
	}
	fuse_reply_buf(request, buffer, size);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = do_lookup,
	.getattr = do_getattr,
	.readdir = do_readdir,
	.open = do_open,
	.release = do_release,
	.read = do_read,
};

static struct tree *open_package(struct apk_source *source, int fd, GError **error)
{
	struct zip_sections sections;
	GPtrArray *entries;

	if (!apk_source_fd(source, fd, error) || !zip_sections(source, &sections, error)) {
		return NULL;
	}
	entries = zip_entries(source, &sections, error);
	return entries != NULL ? tree_new(entries) : NULL;
}

/* Serve until the file system is unmounted; the exit status. */
static int serve(struct zipfuse *zipfuse, const char *fuse_fd)
{
	char *argv[] = { (char *)"zipfuse", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	g_autofree char *mounted = g_strconcat("/dev/fd/", fuse_fd, NULL);
	struct fuse_session *session =
		fuse_session_new(&args, &operations, sizeof(operations), zipfuse);
	int status = 1;

	if (session != NULL && fuse_session_mount(session, mounted) == 0) {
		status = fuse_session_loop(session) == 0 ? 0 : 1;
	} else {
		log_line("no FUSE session on descriptor %s", fuse_fd);
	}
	if (session != NULL) {
		fuse_session_destroy(session);
	}
	fuse_opt_free_args(&args);
	return status;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct zipfuse zipfuse;
	const char *failed;
	int fd, status;

	log_begin("zipfuse");
	if (argc != 3) {
		log_line("usage: zipfuse PACKAGE FD");
		return 1;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	failed = fd < 0 ? argv[1] : privileges_drop(PRIVILEGES_ZIPFUSE_UID);
	if (failed != NULL) {
		log_line("%s: %s", failed, strerror(errno));
		return 1;
	}
	zipfuse.tree = open_package(&zipfuse.source, fd, &error);
	if (zipfuse.tree == NULL) {
		log_line("%s", error->message);
		return 1;
	}
	status = serve(&zipfuse, argv[2]);
	tree_free(zipfuse.tree);
	return status;
}
