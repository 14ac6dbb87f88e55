/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/serial.h"

#include <stdbool.h>
#include <unistd.h>

#include "vmm/log.h"
#include "vmm/output.h"

/* Registers: offset in bytes (TI PC16550D data sheet, table 1). */
enum serial_register {
	REG_DATA = 0, /* receive and transmit buffer; divisor low if LCR_DLAB */
	REG_IER = 1,  /* interrupt enable; divisor high if LCR_DLAB */
	REG_IIR = 2,  /* read: interrupt identification */
	REG_FCR = 2,  /* write: FIFO control */
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_MSR = 6,
	REG_SCR = 7,
};

#define IER_RECEIVED 0x01
#define IER_TRANSMIT_EMPTY 0x02
#define IER_MASK 0x0f

#define IIR_NONE 0x01
#define IIR_TRANSMIT_EMPTY 0x02
#define IIR_RECEIVED 0x04
#define IIR_FIFOS 0xc0

#define FCR_ENABLE 0x01
#define FCR_CLEAR_RECEIVER 0x02

#define LCR_DLAB 0x80

#define MCR_DTR 0x01
#define MCR_RTS 0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_MASK 0x1f

#define LSR_RECEIVED 0x01
#define LSR_OVERRUN 0x02
#define LSR_TRANSMIT_EMPTY 0x60 /* holding register and shift register */

#define MSR_CTS 0x10
#define MSR_DSR 0x20
#define MSR_RI 0x40
#define MSR_DCD 0x80

#define RECEIVE_FIFO_BYTES 16

struct serial {
	struct serial_config config;
	GMutex lock; /* of all below */
	uint8_t ier;
	uint8_t lcr;
	uint8_t mcr;
	uint8_t scr;
	uint8_t divisor_low;
	uint8_t divisor_high;
	bool fifos;
	bool overrun;          /* a looped byte was lost; until LSR is read */
	bool transmit_pending; /* "transmitter became empty" was not yet told */
	bool irq_level;
	bool lost_output; /* a write failed: say so once */
	uint8_t fifo[RECEIVE_FIFO_BYTES];
	unsigned fifo_first;
	unsigned fifo_count;
	unsigned line_bytes;
	char line[SERIAL_LINE_BYTES];
};

static uint8_t interrupt_cause(const struct serial *s)
{
	if ((s->ier & IER_RECEIVED) && s->fifo_count > 0) {
		return IIR_RECEIVED;
	}
	if ((s->ier & IER_TRANSMIT_EMPTY) && s->transmit_pending) {
		return IIR_TRANSMIT_EMPTY;
	}
	return IIR_NONE;
}

static void update_irq(struct serial *s)
{
	bool level = interrupt_cause(s) != IIR_NONE;

	if (level != s->irq_level) {
		s->irq_level = level;
		irq_line_set(&s->config.irq, level);
	}
}

static void flush_line(struct serial *s)
{
	if (!output_write(s->config.fd, s->line, s->line_bytes, s->config.stopping) &&
	    !s->lost_output) {
		s->lost_output = true;
		log_warn("%s: output of the guest is lost: %m", s->config.name);
	}
	s->line_bytes = 0;
}

static void transmit(struct serial *s, uint8_t byte)
{
	if (s->mcr & MCR_LOOP) {
		if (s->fifo_count == RECEIVE_FIFO_BYTES) {
			s->overrun = true;
		} else {
			s->fifo[(s->fifo_first + s->fifo_count++) % RECEIVE_FIFO_BYTES] = byte;
		}
	} else {
		s->line[s->line_bytes++] = (char)byte;
		if (byte == '\n' || s->line_bytes == SERIAL_LINE_BYTES) {
			flush_line(s);
		}
	}
	s->transmit_pending = true;
}

static uint8_t receive(struct serial *s)
{
	uint8_t byte;

	if (s->fifo_count == 0) {
		return 0;
	}
	byte = s->fifo[s->fifo_first];
	s->fifo_first = (s->fifo_first + 1) % RECEIVE_FIFO_BYTES;
	s->fifo_count--;
	return byte;
}

/* The modem inputs: a line that is always ready, or the outputs looped back. */
static uint8_t modem_status(const struct serial *s)
{
	if (!(s->mcr & MCR_LOOP)) {
		return MSR_DCD | MSR_DSR | MSR_CTS;
	}
	return (uint8_t)((s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) |
			 (s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static uint8_t read_iir(struct serial *s)
{
	uint8_t cause = interrupt_cause(s);

	if (cause == IIR_TRANSMIT_EMPTY) {
		s->transmit_pending = false;
	}
	return cause | (s->fifos ? IIR_FIFOS : 0);
}

static uint8_t read_lsr(struct serial *s)
{
	uint8_t lsr = LSR_TRANSMIT_EMPTY;

	lsr |= s->fifo_count > 0 ? LSR_RECEIVED : 0;
	lsr |= s->overrun ? LSR_OVERRUN : 0;
	s->overrun = false;
	return lsr;
}

static uint8_t read_register(struct serial *s, uint64_t offset)
{
	switch (offset) {
	case REG_DATA:
		return s->lcr & LCR_DLAB ? s->divisor_low : receive(s);
	case REG_IER:
		return s->lcr & LCR_DLAB ? s->divisor_high : s->ier;
	case REG_IIR:
		return read_iir(s);
	case REG_LCR:
		return s->lcr;
	case REG_MCR:
		return s->mcr;
	case REG_LSR:
		return read_lsr(s);
	case REG_MSR:
		return modem_status(s);
	case REG_SCR:
		return s->scr;
	default:
		return 0;
	}
}

static void write_ier(struct serial *s, uint8_t value)
{
	/* Enabling the interrupt tells at once that the transmitter is empty. */
	if ((value & IER_TRANSMIT_EMPTY) && !(s->ier & IER_TRANSMIT_EMPTY)) {
		s->transmit_pending = true;
	}
	s->ier = value & IER_MASK;
}

static void write_fcr(struct serial *s, uint8_t value)
{
	bool enable = (value & FCR_ENABLE) != 0;

	/* Both a change of the enable bit and the clear bit empty the FIFO. */
	if (enable != s->fifos || (value & FCR_CLEAR_RECEIVER)) {
		s->fifo_count = 0;
	}
	s->fifos = enable;
}

static void write_register(struct serial *s, uint64_t offset, uint8_t value)
{
	switch (offset) {
	case REG_DATA:
		if (s->lcr & LCR_DLAB) {
			s->divisor_low = value;
		} else {
			transmit(s, value);
		}
		break;
	case REG_IER:
		if (s->lcr & LCR_DLAB) {
			s->divisor_high = value;
		} else {
			write_ier(s, value);
		}
		break;
	case REG_FCR:
		write_fcr(s, value);
		break;
	case REG_LCR:
		s->lcr = value;
		break;
	case REG_MCR:
		s->mcr = value & MCR_MASK;
		break;
	case REG_SCR:
		s->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

static uint64_t serial_read(void *opaque, uint64_t offset, unsigned width)
{
	struct serial *s = opaque;
	uint8_t value;

	if (width != 1) {
		return 0;
	}
	g_mutex_lock(&s->lock);
	value = read_register(s, offset);
	update_irq(s);
	g_mutex_unlock(&s->lock);
	return value;
}

static void serial_write(void *opaque, uint64_t offset, unsigned width, uint64_t value)
{
	struct serial *s = opaque;

	if (width != 1) {
		return;
	}
	g_mutex_lock(&s->lock);
	write_register(s, offset, (uint8_t)value);
	update_irq(s);
	g_mutex_unlock(&s->lock);
}

const struct bus_ops serial_ops = {
	.read = serial_read,
	.write = serial_write,
};

struct serial *serial_new(const struct serial_config *config)
{
	struct serial *s = g_new0(struct serial, 1);

	s->config = *config;
	g_mutex_init(&s->lock);
	return s;
}

void serial_flush(struct serial *s)
{
	g_mutex_lock(&s->lock);
	flush_line(s);
	g_mutex_unlock(&s->lock);
}

void serial_free(struct serial *s)
{
	if (s == NULL) {
		return;
	}
	flush_line(s);
	if (s->config.fd >= 0) {
		close(s->config.fd);
	}
	g_mutex_clear(&s->lock);
	g_free(s);
}
