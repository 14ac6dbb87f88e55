/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/service/vmm_process.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <glib-unix.h>

#include "vmm/service/death.h"
#include "vmm/service/log.h"

#define LOG_LINES_MAX 32 /* of one vmm: a guest can make it talk */
#define CHUNK_BYTES 512

struct vmm_process {
	uint32_t cid;
	GPid pid; /* 0: gone */
	vmm_process_ended ended;
	void *opaque;
	int failure_fd;
	int log_fd;
	GSource *failure_watch;
	GSource *log_watch;
	GString *failure; /* at most DEATH_TEXT_BYTES_MAX */
	GString *line;    /* of the log, unfinished */
	unsigned lines;
};

/* In the child, before the vmm is there. */
static void die_with_service(gpointer data)
{
	(void)data;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void unwatch(GSource **watch)
{
	if (*watch != NULL) {
		g_source_destroy(*watch);
		g_clear_pointer(watch, g_source_unref);
	}
}

/* Reads what is there: its count; 0 at the end; -1 if nothing is there now. */
static ssize_t read_some(int fd, char *buffer, size_t bytes)
{
	ssize_t got;

	do {
		got = read(fd, buffer, bytes);
	} while (got < 0 && errno == EINTR);
	return got < 0 && errno != EAGAIN ? 0 : got;
}

/* True if more may come. What is above the limit is read and dropped: the guest must not wait. */
static bool drain_failure(struct vmm_process *p)
{
	char buffer[CHUNK_BYTES];
	ssize_t got;

	while ((got = read_some(p->failure_fd, buffer, sizeof(buffer))) > 0) {
		gsize room = DEATH_TEXT_BYTES_MAX - p->failure->len;

		g_string_append_len(p->failure, buffer, (gssize)MIN((gsize)got, room));
	}
	return got < 0;
}

static void log_line(struct vmm_process *p)
{
	if (p->line->len > 0 && p->lines < LOG_LINES_MAX) {
		service_log("VM %u: %s", p->cid, p->line->str);
		if (++p->lines == LOG_LINES_MAX) {
			service_log("VM %u: its vmm says too much: no more of it", p->cid);
		}
	}
	g_string_truncate(p->line, 0);
}

static bool drain_log(struct vmm_process *p)
{
	char buffer[CHUNK_BYTES];
	ssize_t got;

	while ((got = read_some(p->log_fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			if (buffer[i] == '\n' || p->line->len == CHUNK_BYTES) {
				log_line(p);
			}
			if (buffer[i] != '\n') {
				g_string_append_c(p->line, buffer[i]);
			}
		}
	}
	return got < 0;
}

static gboolean failure_ready(gint fd, GIOCondition condition, gpointer data)
{
	struct vmm_process *p = data;

	(void)fd;
	(void)condition;
	if (!drain_failure(p)) {
		unwatch(&p->failure_watch);
	}
	return G_SOURCE_CONTINUE;
}

static gboolean log_ready(gint fd, GIOCondition condition, gpointer data)
{
	struct vmm_process *p = data;

	(void)fd;
	(void)condition;
	if (!drain_log(p)) {
		unwatch(&p->log_watch);
	}
	return G_SOURCE_CONTINUE;
}

static GSource *watch(int fd, GUnixFDSourceFunc callback, struct vmm_process *p)
{
	GSource *source = g_unix_fd_source_new(fd, G_IO_IN);

	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	g_source_set_callback(source, G_SOURCE_FUNC(callback), p, NULL);
	g_source_attach(source, NULL);
	return source;
}

static void child_ended(GPid pid, gint status, gpointer data)
{
	struct vmm_process *p = data;

	g_spawn_close_pid(pid);
	p->pid = 0;
	drain_failure(p);
	drain_log(p);
	log_line(p);
	unwatch(&p->failure_watch);
	unwatch(&p->log_watch);
	p->ended(p->opaque, status, p->failure->str, p->failure->len);
}

static bool spawn(struct vmm_process *p, const struct vmm_command *command, GError **error)
{
	const GArray *fds = command->fds;
	g_autofree gint *targets = g_new(gint, fds->len + 1);

	for (guint i = 0; i < fds->len; i++) {
		targets[i] = VMM_COMMAND_FIRST_FD + (gint)i;
	}
	return g_spawn_async_with_pipes_and_fds(
		NULL, (const gchar *const *)command->words->pdata, NULL,
		G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_CLOEXEC_PIPES,
		die_with_service, NULL, -1, -1, -1, (const gint *)fds->data, targets, fds->len,
		&p->pid, NULL, NULL, &p->log_fd, error);
}

struct vmm_process *vmm_process_start(const struct vmm_command *command, uint32_t cid,
				      int failure_fd, vmm_process_ended ended, void *opaque,
				      GError **error)
{
	struct vmm_process *p = g_new0(struct vmm_process, 1);

	p->cid = cid;
	p->ended = ended;
	p->opaque = opaque;
	p->failure_fd = failure_fd;
	p->log_fd = -1;
	p->failure = g_string_new(NULL);
	p->line = g_string_new(NULL);
	if (!spawn(p, command, error)) {
		p->pid = 0;
		vmm_process_free(p);
		return NULL;
	}
	p->failure_watch = watch(p->failure_fd, failure_ready, p);
	p->log_watch = watch(p->log_fd, log_ready, p);
	g_child_watch_add(p->pid, child_ended, p);
	return p;
}

void vmm_process_kill(struct vmm_process *p)
{
	if (p->pid != 0) {
		kill(p->pid, SIGKILL);
	}
}

void vmm_process_free(struct vmm_process *p)
{
	if (p == NULL) {
		return;
	}
	g_assert(p->pid == 0);
	unwatch(&p->failure_watch);
	unwatch(&p->log_watch);
	close(p->failure_fd);
	if (p->log_fd >= 0) {
		close(p->log_fd);
	}
	g_string_free(p->failure, TRUE);
	g_string_free(p->line, TRUE);
	g_free(p);
}
