/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of the configurations as tables: what making, freeing, writing and reading them go by. */
#ifndef VMM_SERVICE_VM_CONFIG_FIELDS_H
#define VMM_SERVICE_VM_CONFIG_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Of the C member and its form on D-Bus. */
enum vm_field_kind {
	VM_FIELD_STRING,     /* char *, s: min..max bytes */
	VM_FIELD_STRINGS,    /* char **, as: at most max, never NULL */
	VM_FIELD_BYTES,      /* GBytes *, ay: exactly max bytes */
	VM_FIELD_BOOL,       /* bool, b */
	VM_FIELD_U16,        /* uint16_t, q: min..max */
	VM_FIELD_U32,        /* uint32_t, u: 0 (the default) or min..max */
	VM_FIELD_ENUM,       /* int, i: min..max */
	VM_FIELD_FD,         /* int, h */
	VM_FIELD_FDS,        /* GArray * of int, ah: at most max */
	VM_FIELD_DISKS,      /* GPtrArray *, aa{sv}: at most max */
	VM_FIELD_PARTITIONS, /* the same */
};

struct vm_field {
	const char *key;
	enum vm_field_kind kind;
	size_t offset;
	uint32_t min;
	uint32_t max;
	const char *preset; /* VM_FIELD_STRING: value if not given */
	int number;         /* VM_FIELD_BOOL, VM_FIELD_ENUM: the same */
};

struct vm_field_table {
	const struct vm_field *fields; /* ends with a NULL key */
	size_t bytes;                  /* of the structure */
};

extern const struct vm_field_table vm_fields_raw;
extern const struct vm_field_table vm_fields_app;
extern const struct vm_field_table vm_fields_disk;
extern const struct vm_field_table vm_fields_partition;

/* A structure with all defaults, or freed with all that it owns. */
void *vm_fields_new(const struct vm_field_table *table);
void vm_fields_free(const struct vm_field_table *table, void *structure);

/* Are all members within their rows? IPC_ERROR IllegalArgument that names the field if not. */
bool vm_fields_check(const struct vm_field_table *table, const void *structure, GError **error);

/* The message gets @key in front: "disks" + "[1].image: ...", "name: " + "its value ...". */
void vm_fields_prefix(const char *key, GError **error);

#endif /* VMM_SERVICE_VM_CONFIG_FIELDS_H */
