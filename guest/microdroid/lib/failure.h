/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The failure port, ttyS1: why the VM ends, for the host, where nothing better can say it.
 * The first record that the host reads counts. No GLib.
 */
#ifndef GUEST_MICRODROID_LIB_FAILURE_H
#define GUEST_MICRODROID_LIB_FAILURE_H

#include <stddef.h>

#define FAILURE_PORT "/dev/ttyS1"
#define FAILURE_RECORD_MAX 256

/* AVF's reasons that a guest reports (DeathReason, vmm/service/avf.h). */
#define FAILURE_NOT_CONNECTED "MICRODROID_FAILED_TO_CONNECT_TO_VIRTUALIZATION_SERVICE"
#define FAILURE_PAYLOAD_CHANGED "MICRODROID_PAYLOAD_HAS_CHANGED"
#define FAILURE_PAYLOAD_VERIFICATION "MICRODROID_PAYLOAD_VERIFICATION_FAILED"
#define FAILURE_INVALID_CONFIG "MICRODROID_INVALID_PAYLOAD_CONFIG"
#define FAILURE_UNKNOWN "MICRODROID_UNKNOWN_RUNTIME_ERROR"

/*
 * The record "REASON|context\n" into @record (FAILURE_RECORD_MAX bytes): a context without control characters and
 * separators of its own, cut to what fits.
 *
 * Returns  its bytes.
 */
size_t failure_record(char *record, const char *reason, const char *context);

/* Write a record to the port and wait until it is out. There is nobody to tell when that fails. */
void failure_report(const char *reason, const char *context);

#endif /* GUEST_MICRODROID_LIB_FAILURE_H */
