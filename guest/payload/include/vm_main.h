/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A payload's entry point, by AVF's name. */
#ifndef INCLUDE_VM_MAIN_H
#define INCLUDE_VM_MAIN_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What the payload's library must have: Microdroid calls it once, in a process of its own. Its value is the exit code that the
 * VM's owner hears; the VM then ends.
 */
int AVmPayload_main(void);

#ifdef __cplusplus
}
#endif

#endif /* INCLUDE_VM_MAIN_H */
