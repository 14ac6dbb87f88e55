/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths in the host that init and the tools agree on. */
#ifndef HOST_PATHS_H
#define HOST_PATHS_H

/* A line written here is forwarded to the events port. Writes of up to PIPE_BUF bytes are whole. */
#define HOST_EVENTS_FIFO "/run/terrarium-events"

/* Jobs: one folder each (tools/job.c). */
#define HOST_JOB_DIR "/run/job"

/* Environment of a closed plan: number of the descriptor that is the results port. */
#define HOST_RESULTS_FD_VARIABLE "TERRARIUM_RESULTS_FD"

#endif /* HOST_PATHS_H */
