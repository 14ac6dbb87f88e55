/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to run: the partition payload-metadata, which the host wrote and nobody vouches for, and the configuration in
 * the package, which its signature covers. Pure: bytes in, structures out. Errors are MANAGER_ERROR_INVALID_CONFIG and
 * name the member.
 */
#ifndef GUEST_MICRODROID_MANAGER_CONFIG_H
#define GUEST_MICRODROID_MANAGER_CONFIG_H

#include <glib.h>

/* Largest of either kind, bytes. */
#define CONFIG_BYTES_MAX (64 * 1024)
#define CONFIG_EXTRA_APKS_MAX 8
#define CONFIG_NAME_BYTES_MAX 255

/* The partition payload-metadata (vmm/service/README.md). Strings belong to it. */
struct payload_metadata {
	char *apk_partition; /* labels */
	char *idsig_partition;
	char *config_path;   /* in the package; or NULL and: */
	char *binary_name;   /* NAME.so */
	unsigned extra_apks; /* with binary_name */
};

/* A vm_config.json, as AVF's VmPayloadConfig. */
struct payload_config {
	char *binary_name;   /* task.command of a task of type microdroid_launcher */
	unsigned extra_apks; /* members of extra_apks */
};

/* @bytes may be followed by zeroes. Returns what the caller frees with payload_metadata_free(), or NULL. */
struct payload_metadata *payload_metadata_parse(const char *text, gsize bytes, GError **error);
void payload_metadata_free(struct payload_metadata *metadata);

/* Returns what the caller frees with payload_config_free(), or NULL. */
struct payload_config *payload_config_parse(const char *text, gsize bytes, GError **error);
void payload_config_free(struct payload_config *config);

#endif /* GUEST_MICRODROID_MANAGER_CONFIG_H */
