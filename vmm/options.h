/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user asked for: the VMM's command line and its configuration file,
 * which has the same options, one per line.
 *
 * Parsing opens no file but the configuration file and touches no device, so
 * that it can be tested and fuzzed by itself. Main thread.
 */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "vmm/log.h"

/* Limits that the help text and the messages state. */
#define OPTIONS_MEMORY_MIB_MIN 4
#define OPTIONS_MEMORY_MIB_MAX 65536
#define OPTIONS_SWIOTLB_MIB_MIN 2
#define OPTIONS_SWIOTLB_MIB_MAX 1024
#define OPTIONS_PARAMS_BYTES_MAX 2047 /* COMMAND_LINE_SIZE of arm64 Linux less its end */
#define OPTIONS_CID_MIN 3
#define OPTIONS_CID_MAX 0xfffffffe
#define OPTIONS_CONTROL_BYTES_MAX 107 /* sun_path less its end */
#define OPTIONS_SERIALS 2

/* Where bytes that a guest writes go. Zero is "there is no such device". */
enum destination_kind {
	DESTINATION_ABSENT,
	DESTINATION_NULL,
	DESTINATION_STDOUT,
	DESTINATION_FILE,
	DESTINATION_FD,
};

struct destination {
	enum destination_kind kind;
	char *path; /* DESTINATION_FILE, and "fd:N" of DESTINATION_FD; else NULL; owned by the options */
};

struct block_option {
	char *path; /* owned by the options */
	bool read_only;
	bool composite; /* path is a list of parts (virtio/disk.h) */
};

enum options_action {
	OPTIONS_RUN,     /* also with dump_dtb: write the device tree instead */
	OPTIONS_HELP,    /* print options_help() and end well; nothing else is set */
	OPTIONS_VERSION, /* print the version and end well; nothing else is set */
	OPTIONS_CONTROL, /* send command to the VMM that listens on control; nothing else is set */
};

/* All strings are owned by the options; NULL where not given. */
struct options {
	enum options_action action;
	char *kernel; /* exactly one of kernel and raw */
	char *raw;
	char *initrd;
	char *params;
	char *device_tree_overlay;
	bool protected_vm; /* also with rsi */
	bool rsi;
	uint64_t memory_mib;  /* RAM without the pool; even */
	uint64_t swiotlb_mib; /* restricted-dma pool; 0 unless protected_vm, and with rsi; even */
	bool huge_pages;      /* not with protected_vm */
	uint64_t cpus;        /* 1..GUEST_VCPUS_MAX */
	bool cpu_features;    /* all that KVM offers beyond the base */
	struct destination serials[OPTIONS_SERIALS];
	struct destination console; /* hvc0 */
	char *console_input;
	struct destination log; /* another console, hvc1 beside --console */
	GArray *blocks;         /* struct block_option, in the order given; never NULL */
	bool rng;
	uint64_t cid;    /* 0: no virtio socket */
	uint64_t parent; /* process that the VMM ends with; 0: none */
	bool watchdog;
	bool sandbox;
	char *dump_dtb;
	char *control;
	char *command; /* OPTIONS_CONTROL only */
	char *info_file;
	char *gdb; /* a port, or "fd:N"; NULL: no debugger; never with protected_vm */
	enum log_level log_level;
};

/* Every cause has a sentence that names the option and what it allows. */
enum options_error {
	OPTIONS_ERROR_COMMAND,  /* neither run nor control, or the latter's words are wrong */
	OPTIONS_ERROR_UNKNOWN,  /* no such option, or a word that is no option */
	OPTIONS_ERROR_VALUE,    /* value missing, not allowed, or out of range */
	OPTIONS_ERROR_REPEATED, /* an option that may be given once was given again */
	OPTIONS_ERROR_CONFLICT, /* options that exclude or need each other */
	OPTIONS_ERROR_CONFIG,   /* the configuration file cannot be read */
};

/* GError's domain of the errors above. */
#define OPTIONS_ERROR (options_error_quark())
GQuark options_error_quark(void);

/*
 * Read a command line.
 *
 * @argc, @argv  as main() gets them, the program's name first; not changed.
 * Returns       options, owned by the caller: options_free(). All defaults are
 *               filled in, all values are checked against each other.
 * Errors        NULL; OPTIONS_ERROR_*.
 */
struct options *options_parse(int argc, char *const *argv, GError **error);

/*
 * The same for a configuration file's text as the only source of options:
 * lines "option = value", or "option" for a switch, named as on the command line
 * without "--"; empty lines and those that begin with # are left out.
 *
 * @text    need not end with a zero; a zero in it is an error.
 * Errors   as options_parse(), prefixed with the line's number.
 */
struct options *options_parse_config(const char *text, size_t bytes, GError **error);

/* How many virtio-mmio slots the options ask for; at most GUEST_VIRTIO_SLOTS. */
unsigned options_virtio_count(const struct options *options);

/* Free the options. NULL is allowed. */
void options_free(struct options *options);

/* The text of --help, one line per option; owned by the caller. */
char *options_help(void);

#endif /* VMM_OPTIONS_H */
