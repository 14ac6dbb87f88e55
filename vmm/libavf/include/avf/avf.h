/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libavf, app layer: virtual machines that run a payload on Microdroid, by the model of the Android Virtualization
 * Framework's Java API (android.system.virtualmachine), as a GLib library.
 *
 *   AvfManager        makes machines by name, finds them again, deletes them (VirtualMachineManager)
 *   AvfConfig         what a machine shall be (VirtualMachineConfig); made by an AvfConfigBuilder
 *   AvfVm             a machine: run, stop, status, connections, streams; its callbacks are signals (VirtualMachine)
 *
 * A machine's files stay in the caller's data directory until it is deleted: the same machine is found again by its name
 * after the caller, the service or the host has been restarted. Its numbers, codes and rules are AVF's.
 *
 * Threads and main contexts. A manager, and its machines, belong to the thread-default main context in which the manager was
 * made, are used by the thread that runs it, and emit signals there. Every call that talks to the service blocks until it has
 * answered; none runs the main context.
 *
 * Strings are UTF-8. NULL is not allowed unless it is said. Functions with a GError say what happened in one sentence and
 * a code of AvfError; what failed has changed nothing.
 */
#ifndef AVF_AVF_H
#define AVF_AVF_H

#include <avf/config.h>
#include <avf/manager.h>
#include <avf/types.h>
#include <avf/vm.h>

#endif /* AVF_AVF_H */
