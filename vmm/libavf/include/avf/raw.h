/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a machine of the raw layer can be beyond AVF's own API <android/virtualization.h>, whose rules hold here too.
 */
#ifndef AVF_RAW_H
#define AVF_RAW_H

#include <android/virtualization.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Shall a protected machine's guest speak Arm CCA's RSI, as an unmodified Linux kernel does, instead of pKVM's calls? Default: no.
 * Of a machine that is not protected AVirtualMachine_createRaw() returns -EIO; where the hypervisor has no RSI, the machine
 * stops with AVIRTUAL_MACHINE_START_FAILED.
 */
void avf_raw_config_set_rsi(AVirtualMachineRawConfig *config, bool rsi);

#ifdef __cplusplus
}
#endif

#endif /* AVF_RAW_H */
