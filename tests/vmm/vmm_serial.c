/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 16550 as a driver sees it, and where its output goes. */
#define _GNU_SOURCE /* pipe2 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/vmm/support.h"
#include "vmm/output.h"
#include "vmm/serial.h"

/* Registers and bits as the data sheet numbers them. */
#define DATA 0
#define IER 1
#define IIR 2
#define FCR 2
#define LCR 3
#define MCR 4
#define LSR 5
#define MSR 6
#define SCR 7
#define SPI 2

struct port {
	struct serial *serial;
	int read_fd;
	gint stopping;
};

static int setup(void **state)
{
	struct port *port = g_new0(struct port, 1);
	struct serial_config config = { .name = "test", .irq = { .vm_fd = -1, .spi = SPI } };
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	fake_irq_reset();
	config.fd = ends[1];
	config.stopping = &port->stopping;
	port->serial = serial_new(&config);
	port->read_fd = ends[0];
	*state = port;
	return 0;
}

static int teardown(void **state)
{
	struct port *port = *state;

	serial_free(port->serial);
	close(port->read_fd);
	g_free(port);
	return 0;
}

static uint8_t in(const struct port *port, uint64_t offset)
{
	return (uint8_t)serial_ops.read(port->serial, offset, 1);
}

static void out(const struct port *port, uint64_t offset, uint8_t value)
{
	serial_ops.write(port->serial, offset, 1, value);
}

static void send(const struct port *port, const char *text)
{
	for (; *text != '\0'; text++) {
		out(port, DATA, (uint8_t)*text);
	}
}

static void assert_output(const struct port *port, const char *expected)
{
	char text[2 * SERIAL_LINE_BYTES];
	ssize_t got = read(port->read_fd, text, sizeof(text));

	assert_int_equal(got < 0 ? 0 : got, strlen(expected));
	assert_memory_equal(text, expected, strlen(expected));
}

static void test_reset_state(void **state)
{
	const struct port *port = *state;

	assert_int_equal(in(port, LSR), 0x60);
	assert_int_equal(in(port, MSR), 0xb0);
	assert_int_equal(in(port, IIR), 0x01);
	assert_int_equal(in(port, IER), 0);
	assert_int_equal(in(port, DATA), 0);
	assert_int_equal(fake_irq.spi_changes, 0);
}

static void test_output_by_line(void **state)
{
	const struct port *port = *state;

	send(port, "hello");
	assert_output(port, "");
	send(port, " world\nnext");
	assert_output(port, "hello world\n");
	serial_flush(port->serial);
	assert_output(port, "next");
	serial_flush(port->serial);
	assert_output(port, "");
}

static void test_long_line(void **state)
{
	const struct port *port = *state;
	g_autofree char *line = g_strnfill(SERIAL_LINE_BYTES, 'x');

	send(port, line);
	assert_output(port, line);
	send(port, "y");
	assert_output(port, "");
}

static void test_divisor_is_apart(void **state)
{
	const struct port *port = *state;

	out(port, LCR, 0x83);
	out(port, DATA, 'Q');
	out(port, IER, 0x02);
	assert_int_equal(in(port, DATA), 'Q');
	assert_int_equal(in(port, IER), 0x02);
	out(port, LCR, 0x03);
	assert_int_equal(in(port, LCR), 0x03);
	assert_int_equal(in(port, IER), 0);
	serial_flush(port->serial);
	assert_output(port, "");
	assert_int_equal(fake_irq.spi_changes, 0);
}

static void test_transmit_interrupt(void **state)
{
	const struct port *port = *state;

	out(port, IER, 0x02);
	assert_true(fake_irq.spi_level[SPI]);
	assert_int_equal(in(port, IIR), 0x02);
	/* Reading it takes it back until the next byte. */
	assert_false(fake_irq.spi_level[SPI]);
	assert_int_equal(in(port, IIR), 0x01);
	send(port, "a");
	assert_true(fake_irq.spi_level[SPI]);
	send(port, "b");
	assert_int_equal(fake_irq.spi_changes, 3);
	out(port, IER, 0);
	assert_false(fake_irq.spi_level[SPI]);
}

static void test_loop_back(void **state)
{
	const struct port *port = *state;

	out(port, FCR, 0x01);
	out(port, MCR, 0x10 | 0x0a);
	assert_int_equal(in(port, MSR), 0x90); /* RTS to CTS, OUT2 to DCD */
	out(port, MCR, 0x10 | 0x05);
	assert_int_equal(in(port, MSR), 0x60); /* DTR to DSR, OUT1 to RI */
	out(port, IER, 0x01);
	send(port, "xy");
	assert_true(fake_irq.spi_level[SPI]);
	assert_int_equal(in(port, IIR), 0xc4);
	assert_int_equal(in(port, LSR), 0x61);
	assert_int_equal(in(port, DATA), 'x');
	assert_int_equal(in(port, DATA), 'y');
	assert_false(fake_irq.spi_level[SPI]);
	assert_int_equal(in(port, LSR), 0x60);
	out(port, MCR, 0);
	serial_flush(port->serial);
	assert_output(port, "");
}

static void test_loop_back_overrun(void **state)
{
	const struct port *port = *state;

	out(port, FCR, 0x01);
	out(port, MCR, 0x10);
	send(port, "0123456789abcdefX");
	assert_int_equal(in(port, LSR), 0x63);
	assert_int_equal(in(port, LSR), 0x61);
	assert_int_equal(in(port, DATA), '0');
	out(port, FCR, 0x03);
	assert_int_equal(in(port, LSR), 0x60);
}

static void test_scratch_and_read_only(void **state)
{
	const struct port *port = *state;

	out(port, SCR, 0x5a);
	assert_int_equal(in(port, SCR), 0x5a);
	out(port, LSR, 0);
	out(port, MSR, 0);
	assert_int_equal(in(port, LSR), 0x60);
	assert_int_equal(in(port, MSR), 0xb0);
	out(port, MCR, 0xff);
	assert_int_equal(in(port, MCR), 0x1f);
	out(port, IER, 0xf0);
	assert_int_equal(in(port, IER), 0);
}

static void test_other_widths(void **state)
{
	const struct port *port = *state;

	serial_ops.write(port->serial, DATA, 4, 'a');
	serial_flush(port->serial);
	assert_output(port, "");
	assert_int_equal(serial_ops.read(port->serial, LSR, 2), 0);
}

static void test_reader_gone(void **state)
{
	struct port *port = *state;

	close(port->read_fd);
	port->read_fd = -1;
	send(port, "lost\nalso\n"); /* neither a signal nor a hang */
	assert_int_equal(in(port, LSR), 0x60);
}

/* A full pipe makes the guest wait, until the VM stops. */
static void test_full_pipe_when_stopping(void **state)
{
	static const struct itimerval kicks = { .it_interval = { 0, 10000 },
						.it_value = { 0, 10000 } };
	static const struct itimerval quiet = { 0 };
	struct port *port = *state;
	g_autofree char *line = g_strnfill(SERIAL_LINE_BYTES, 'x');

	fcntl(port->read_fd, F_SETPIPE_SZ, 4096);
	for (int i = 0; i < 8; i++) {
		send(port, line);
	}
	g_atomic_int_set(&port->stopping, 1);
	setitimer(ITIMER_REAL, &kicks, NULL);
	send(port, line);
	setitimer(ITIMER_REAL, &quiet, NULL);
}

static void woken(int number)
{
	(void)number;
}

static void test_output_destinations(void **state)
{
	g_autofree char *path = folder_path(state, "serial.log");
	g_autofree char *missing = folder_path(state, "none/serial.log");
	g_autofree char *text = NULL;
	struct destination file = { .kind = DESTINATION_FILE, .path = path };
	const struct destination null = { .kind = DESTINATION_NULL };
	const struct destination standard = { .kind = DESTINATION_STDOUT };
	GError *error = NULL;
	int fd = 0;

	assert_true(output_open(&file, &fd, NULL));
	assert_true(output_write(fd, "abc", 3, NULL));
	close(fd);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_string_equal(text, "abc");
	assert_true(output_open(&null, &fd, NULL));
	assert_int_equal(fd, -1);
	assert_true(output_write(fd, "abc", 3, NULL));
	assert_true(output_open(&standard, &fd, NULL));
	assert_true(fd > STDERR_FILENO);
	close(fd);
	file.path = missing;
	assert_false(output_open(&file, &fd, &error));
	assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "none/serial.log");
}

int main(void)
{
	struct sigaction action = { .sa_handler =
					    woken }; /* without SA_RESTART, as the vCPU's kick */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reset_state, setup, teardown),
		cmocka_unit_test_setup_teardown(test_output_by_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_divisor_is_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_transmit_interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loop_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loop_back_overrun, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scratch_and_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_widths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_pipe_when_stopping, setup, teardown),
		cmocka_unit_test_setup_teardown(test_output_destinations, folder_setup,
						folder_teardown),
	};

	sigaction(SIGALRM, &action, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
