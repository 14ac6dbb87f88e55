/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: a UNIX stream socket on which a client sends commands,
 * one per line, and gets one line of JSON for each.
 *
 *   stop     -> {"ok":true}             then the VM ends with exit code 0
 *   status   -> {"ok":true,"pid":..,"protected":..,"memory_mib":..,"cpus":..,"exits":..,"suspended":..}
 *   suspend  -> {"ok":true}             no vCPU is in the guest any more, until
 *   resume   -> {"ok":true}             each may be said twice
 *   other    -> {"ok":false,"error":"..."}
 *
 * It is served by the default main context, several clients at once. A client
 * that sends a line above CONTROL_LINE_BYTES or does not take its answers is
 * dropped.
 *
 * The socket's file goes when the VMM ends, by whatever cause: a small process
 * of its own waits for that, since the VMM itself is in a sandbox by then, or dead.
 */
#ifndef VMM_CONTROL_H
#define VMM_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#define CONTROL_LINE_BYTES 256
#define CONTROL_CLIENTS_MAX 16

struct control;

/* What "status" tells. */
struct control_status {
	int pid;
	bool protected_vm;
	uint64_t memory_mib; /* with the restricted-dma pool */
	unsigned cpus;
	uint64_t exits; /* returns of KVM_RUN of all vCPUs */
	bool suspended;
};

/* What control_answer() found the client to want. */
enum control_request {
	CONTROL_NOTHING, /* answered; no more to do */
	CONTROL_STOP,    /* the VM shall end after the answer was sent */
	CONTROL_SUSPEND, /* it shall be suspended before the answer is sent */
	CONTROL_RESUME,  /* it shall go on, likewise */
};

/* How the socket reaches the VM. Called in the main thread. */
struct control_ops {
	void (*status)(void *opaque, struct control_status *status);
	void (*stop)(void *opaque);
	void (*suspend)(void *opaque);
	void (*resume)(void *opaque);
};

/*
 * The answer to one line: the protocol without the socket.
 *
 * @line    without its newline; any bytes, @bytes of them.
 * @answer  set to one line of JSON with its newline; owned by the caller.
 */
enum control_request control_answer(const char *line, size_t bytes,
				    const struct control_status *status, char **answer);

/*
 * Listen on @path. Before the sandbox closes, before any other thread exists.
 *
 * A socket file that no process listens on any more is replaced. With "fd:N" for a path nobody can connect: descriptor N is
 * the one client, already connected, whose end is not the VM's.
 * @ops     static; @opaque is handed to it.
 * Returns  the socket, owned by the caller: control_free().
 * Errors   NULL; G_FILE_ERROR, naming the path.
 */
struct control *control_listen(const char *path, const struct control_ops *ops, void *opaque,
			       GError **error);

/*
 * The other end: send @command to the socket @path and wait for the answer.
 *
 * @answer  set on success: the line of JSON without its newline; owned by the
 *          caller.
 * Errors   false; G_FILE_ERROR: nobody listens, or the VMM ended meanwhile.
 */
bool control_ask(const char *path, const char *command, char **answer, GError **error);

/* Did the VMM do what it was asked for? @answer is from control_ask(). */
bool control_answer_is_ok(const char *answer);

/* Close all of it and wait until the socket's file is gone. NULL is allowed. */
void control_free(struct control *control);

#endif /* VMM_CONTROL_H */
