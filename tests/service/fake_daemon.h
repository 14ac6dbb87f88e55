/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service as a program for tests: FOLDER VMM MAX-VMS HANGUP-SECONDS, guests on fake_transport.h. It takes clients from
 * the listening socket FAKE_DAEMON_LISTENER; FOLDER holds run, os and guests.
 */
#ifndef TESTS_SERVICE_FAKE_DAEMON_H
#define TESTS_SERVICE_FAKE_DAEMON_H

#define FAKE_DAEMON_LISTENER 3

#endif /* TESTS_SERVICE_FAKE_DAEMON_H */
