/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between `attack` and libattack.so in a VMM: one request and one reply, as they are, on a
 * SOCK_SEQPACKET connection to ATTACK_SOCKET_FORMAT of the VMM's process.
 */
#ifndef HOST_ATTACK_CHANNEL_H
#define HOST_ATTACK_CHANNEL_H

#include <stdint.h>

#define ATTACK_SOCKET_FORMAT "/run/attack-%d.sock"
#define ATTACK_BYTES_MAX 64

enum attack_operation {
	ATTACK_NOTHING = 0, /* refused */
	ATTACK_LOAD,        /* loads of the VMM's own */
	ATTACK_STORE,       /* stores of the VMM's own */
	ATTACK_EXECUTE,     /* a call */
	ATTACK_PIPE_OUT,    /* write(2) to a pipe, the guest's page as buffer */
	ATTACK_PIPE_IN,     /* read(2) from a pipe into the guest's page */
	ATTACK_SPLICE_OUT,  /* vmsplice(2) of the guest's page into a pipe, then read(2) */
};

struct attack_request {
	uint32_t operation;              /* enum attack_operation */
	uint32_t size;                   /* bytes, multiple of 8, at most ATTACK_BYTES_MAX */
	uint64_t address;                /* in the VMM */
	uint8_t bytes[ATTACK_BYTES_MAX]; /* what to write */
};

struct attack_reply {
	int32_t signal;                  /* the access ended with this signal; 0: none */
	int32_t si_code;                 /* of that signal */
	int32_t error;                   /* errno of the system call; 0: none */
	uint32_t size;                   /* bytes accessed */
	uint64_t value;                  /* what called code returned */
	uint8_t bytes[ATTACK_BYTES_MAX]; /* what was read */
};

#endif /* HOST_ATTACK_CHANNEL_H */
