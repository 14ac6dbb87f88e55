/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attack WAY ACCESS: tries one access to a guest's memory, as a compromised host would, and
 * prints one report line with what was seen:
 *
 *   terrarium: value attack way=.. access=.. ipa=0x.. result=.. [...]
 *
 * result is one of
 *   data       bytes were read (word=, bytes=): not all zero
 *   zeros      bytes were read, all zero
 *   untouched  a device was told to read, and did not
 *   done       bytes were written
 *   returned   the page was called, and returned (value=)
 *   sigsegv .. the access ended with that signal (si_code=)
 *   efault ..  the access ended with that error
 *   partial    some bytes were accessed (size=), then nothing more
 * What it means is the reader's to say. Exit status: 0 an access was tried, 1 it was not
 * (why: on stderr, and no line), 2 bad arguments.
 */
#include "platform/abi/attack.h"
#include "platform/host/attack/channel.h"
#include "platform/host/attack/probe.h"
#include "platform/host/lib/info.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define PAGE_BYTES 4096UL
#define READ_BYTES_DEFAULT 16
#define TWO_RETURNS 0xd65f03c0d65f03c0UL /* the instruction RET, twice */

static const char usage[] =
	"usage: attack vmm read|write|exec --info FILE --ipa IPA     by a VMM with libattack.so\n"
	"       attack syscall read|write ...  [--by pipe|splice]    system calls of that VMM\n"
	"       attack process read|write ...                        process_vm_readv, _writev\n"
	"       attack kernel read|write|exec ... [--via linear|alias]  the host's kernel\n"
	"       attack kernel walk ...             by the CPU, as a table of the kernel's\n"
	"       attack kernel|mapped maintain ... --by ZVA|CVAP|..  of caches (abi/attack.h)\n"
	"       attack kernel hold --info FILE     keep the pages of the guest's RAM\n"
	"       attack kernel release              what these hold now, and let go\n"
	"       attack kernel|mapped|uaccess read|write|exec --pa ADDRESS|own   any page of RAM:\n"
	"                       by the kernel; a process that it maps it for; system calls. own:\n"
	"                       a page of this process, full of return instructions, as control\n"
	"       attack dma read|write --info .. --ipa .. or --pa ..  a device, driven by the kernel\n"
	"       attack kernel read|write --pa .. --via device        a word of what is not RAM\n"
	"       attack page                        a page of this process: says which, and waits\n"
	"       attack call hvc|smc X0 [X1 .. X7]  by the kernel, to what is above it\n"
	"       attack scan PATTERN                find a 64-bit word in all of the host's RAM\n"
	"options: --data WORD (64 bits, for write)  --size BYTES (8 to 64, for read)\n";

enum exit_status { EXIT_TRIED = 0, EXIT_NOT_TRIED = 1, EXIT_ARGUMENTS = 2 };

struct attack {
	const char *way;
	const char *access;
	const char *info_path;
	const char *by;
	const char *via;
	uint64_t ipa; /* or physical address */
	uint64_t data;
	size_t size;
	bool has_ipa;
	bool has_pa;
	bool own; /* --pa own */
	bool has_data;
	struct vm_info info;
	uint64_t hva;
};

static enum exit_status not_tried(const char *what)
{
	fprintf(stderr, "attack: %s: %s\n", what, strerror(errno));
	return EXIT_NOT_TRIED;
}

static bool is(const char *text, const char *word)
{
	return strcmp(text, word) == 0;
}

static enum attack_maintenance maintenance(const struct attack *attack)
{
#define MAINTENANCE_NAME(name, instruction, el0) #name,
	static const char *const names[] = { "", ATTACK_MAINTENANCE(MAINTENANCE_NAME) };

	for (uint32_t i = ATTACK_MAINTAIN_NONE + 1; i < ATTACK_MAINTAIN_END; i++) {
		if (is(attack->by, names[i])) {
			return (enum attack_maintenance)i;
		}
	}
	return ATTACK_MAINTAIN_NONE;
}

/* No bytes are moved. */
static bool has_no_size(const struct attack *attack)
{
	return is(attack->access, "exec") || is(attack->access, "walk") ||
	       is(attack->access, "maintain");
}

static bool is_read(const struct attack *attack)
{
	return is(attack->access, "read");
}

static void print_lower(const char *text)
{
	for (; *text != '\0'; text++) {
		putchar(tolower((unsigned char)*text));
	}
}

static void print_bytes(const struct attack_reply *reply)
{
	uint64_t word = 0;

	memcpy(&word, reply->bytes, reply->size < sizeof(word) ? reply->size : sizeof(word));
	printf(" word=%#llx bytes=x", (unsigned long long)word);
	for (uint32_t i = 0; i < reply->size; i++) {
		printf("%02x", reply->bytes[i]);
	}
}

static bool all_bytes(const struct attack_reply *reply, unsigned char byte)
{
	for (uint32_t i = 0; i < reply->size; i++) {
		if (reply->bytes[i] != byte) {
			return false;
		}
	}
	return true;
}

/* The report line: only what @reply says. */
static enum exit_status print_reply(const struct attack *attack, const struct attack_reply *reply)
{
	printf("terrarium: value attack way=%s access=%s ipa=%#llx result=", attack->way,
	       attack->access, (unsigned long long)attack->ipa);
	if (reply->signal != 0) {
		printf("sig");
		print_lower(sigabbrev_np(reply->signal));
		printf(" si_code=%d", reply->si_code);
	} else if (reply->error != 0) {
		print_lower(strerrorname_np(reply->error));
	} else if (has_no_size(attack)) {
		printf("returned value=%#llx", (unsigned long long)reply->value);
	} else if (reply->size < attack->size) {
		printf("partial");
	} else if (is_read(attack)) {
		printf("%s", all_bytes(reply, 0) ? "zeros" :
			     is(attack->way, "dma") && all_bytes(reply, ATTACK_DMA_UNTOUCHED) ?
						   "untouched" :
						   "data");
	} else {
		printf("done");
	}
	if (is_read(attack) && reply->size >= sizeof(uint32_t)) {
		print_bytes(reply);
	}
	printf(" size=%u\n", reply->size);
	return EXIT_TRIED;
}

/* ---- by the VMM: its own instructions and system calls ---- */

static enum attack_operation vmm_operation(const struct attack *attack)
{
	if (is(attack->way, "vmm")) {
		return is(attack->access, "exec") ? ATTACK_EXECUTE :
		       is_read(attack)            ? ATTACK_LOAD :
						    ATTACK_STORE;
	}
	if (!is_read(attack)) {
		return is(attack->by, "pipe") ? ATTACK_PIPE_IN : ATTACK_NOTHING;
	}
	return is(attack->by, "pipe")   ? ATTACK_PIPE_OUT :
	       is(attack->by, "splice") ? ATTACK_SPLICE_OUT :
					  ATTACK_NOTHING;
}

static enum exit_status by_vmm(const struct attack *attack)
{
	struct attack_request request = { .operation = vmm_operation(attack),
					  .size = (uint32_t)attack->size,
					  .address = attack->hva };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct attack_reply reply;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (request.operation == ATTACK_NOTHING) {
		fprintf(stderr, "attack: --by %s: for a read pipe or splice, for a write pipe\n",
			attack->by);
		return EXIT_ARGUMENTS;
	}
	memcpy(request.bytes, &attack->data, sizeof(attack->data));
	snprintf(address.sun_path, sizeof(address.sun_path), ATTACK_SOCKET_FORMAT,
		 attack->info.pid);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "attack: %s: %s (is the VMM started with libattack.so?)\n",
			address.sun_path, strerror(errno));
		return EXIT_NOT_TRIED;
	}
	if (write(fd, &request, sizeof(request)) != (ssize_t)sizeof(request) ||
	    read(fd, &reply, sizeof(reply)) != (ssize_t)sizeof(reply)) {
		return not_tried("the VMM gave no answer");
	}
	close(fd);
	if (reply.error == ENOEXEC) {
		return errno = ENOEXEC, not_tried("the VMM has the page not mapped executable");
	}
	return print_reply(attack, &reply);
}

/* ---- from another process ---- */

static enum exit_status by_process(const struct attack *attack)
{
	struct attack_reply reply = { 0 };
	struct iovec remote = { .iov_base = (void *)attack->hva, .iov_len = attack->size };
	struct iovec local = { .iov_base = reply.bytes, .iov_len = attack->size };
	ssize_t count;

	if (is_read(attack)) {
		count = process_vm_readv(attack->info.pid, &local, 1, &remote, 1, 0);
	} else {
		memcpy(reply.bytes, &attack->data, sizeof(attack->data));
		count = process_vm_writev(attack->info.pid, &local, 1, &remote, 1, 0);
	}
	reply.error = count < 0 ? errno : 0;
	reply.size = count < 0 ? 0 : (uint32_t)count;
	return print_reply(attack, &reply);
}

/* ---- by the kernel: attack.ko ---- */

static int open_device(void)
{
	int fd = open(ATTACK_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		not_tried(ATTACK_DEVICE " (insmod /usr/lib/terrarium/attack.ko)");
	}
	return fd;
}

/* The page, mapped here by the module, and where @attack goes in it; NULL: said on stderr. */
static char *map_page(const struct attack *attack, int fd, uint64_t pfn)
{
	char *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fd,
			  (off_t)(pfn * PAGE_BYTES));

	if (page == MAP_FAILED) {
		not_tried("cannot map the page");
		return NULL;
	}
	return page + attack->ipa % PAGE_BYTES;
}

/* The caller's own loads, stores and calls. */
static enum exit_status mapped_access(const struct attack *attack, int fd, uint64_t pfn)
{
	struct attack_reply reply = { 0 };
	struct probe_end end;
	char *place = map_page(attack, fd, pfn);

	if (!place) {
		return EXIT_NOT_TRIED;
	}
	if (is(attack->access, "exec")) {
		end = probe_execute((uint64_t)place);
	} else if (is(attack->access, "maintain")) {
		end = probe_maintain((uint64_t)place, maintenance(attack));
	} else if (is_read(attack)) {
		end = probe_read((uint64_t)place, reply.bytes, attack->size);
	} else {
		end = probe_write((uint64_t)place, &attack->data, attack->size);
	}
	reply.signal = end.signal;
	reply.si_code = end.si_code;
	reply.value = end.value;
	reply.size = (uint32_t)end.done;
	return print_reply(attack, &reply);
}

/* The kernel's copies for the caller: a pipe's write() from the page, read() to it. */
static enum exit_status uaccess(const struct attack *attack, int fd, uint64_t pfn)
{
	struct attack_reply reply = { 0 };
	char *place = map_page(attack, fd, pfn);
	ssize_t count;
	int fds[2];

	if (!place || pipe(fds) < 0) {
		return place ? not_tried("no pipe") : EXIT_NOT_TRIED;
	}
	if (is_read(attack)) {
		count = write(fds[1], place, attack->size);
		count = count < 0 ? count : read(fds[0], reply.bytes, (size_t)count);
	} else {
		count = write(fds[1], &attack->data, attack->size);
		count = count < 0 ? count : read(fds[0], place, attack->size);
	}
	reply.error = count < 0 ? errno : 0;
	reply.size = count < 0 ? 0 : (uint32_t)count;
	return print_reply(attack, &reply);
}

/* A page of this process, written, so that it is there. NULL: said on stderr. */
static void *own_page(void)
{
	uint64_t *page =
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		not_tried("no page of its own");
		return NULL;
	}
	for (size_t i = 0; i < PAGE_BYTES / sizeof(*page); i++) {
		page[i] = TWO_RETURNS;
	}
	__builtin___clear_cache((char *)page, (char *)page + PAGE_BYTES);
	return page;
}

/* The page of RAM that @attack is about; false: said on stderr. */
static bool find_page(const struct attack *attack, int fd, uint64_t *pfn)
{
	struct attack_translate translate = { .pid = (uint32_t)attack->info.pid,
					      .hva = attack->hva };

	if (attack->has_pa && !attack->own) {
		*pfn = attack->ipa / PAGE_BYTES;
		return true;
	}
	if (attack->own) {
		translate.pid = (uint32_t)getpid();
		translate.hva = (uint64_t)own_page();
	}
	if (translate.hva == 0 || ioctl(fd, ATTACK_TRANSLATE, &translate) < 0) {
		not_tried("there is no such page");
		return false;
	}
	*pfn = translate.pfn;
	return true;
}

/* By a device that the host's kernel drives: dma.ko. */
static enum exit_status dma_access(const struct attack *attack, uint64_t pfn)
{
	struct attack_reply reply = { .size = (uint32_t)attack->size };
	struct attack_dma call = {
		.address = pfn * PAGE_BYTES + attack->ipa % PAGE_BYTES,
		.buffer = (uint64_t)reply.bytes,
		.size = (uint32_t)attack->size,
		.is_write = !is_read(attack),
	};
	int fd = open(ATTACK_DMA_DEVICE, O_RDWR | O_CLOEXEC);

	memcpy(reply.bytes, &attack->data, sizeof(attack->data));
	if (fd < 0 || ioctl(fd, ATTACK_DMA, &call) < 0) {
		return not_tried(ATTACK_DMA_DEVICE " (insmod /usr/lib/terrarium/dma.ko)");
	}
	close(fd);
	return print_reply(attack, &reply);
}

/* By an instruction that moves no bytes: value is PAR_EL1, if it translates. */
static enum exit_status kernel_instructs(const struct attack *attack, int fd, uint64_t pfn)
{
	struct attack_maintain call = { .pfn = pfn, .operation = maintenance(attack) };
	struct attack_walk walk = { .pfn = pfn };
	struct attack_reply reply = { 0 };
	bool walks = is(attack->access, "walk");

	if (ioctl(fd, walks ? ATTACK_WALK : ATTACK_MAINTAIN, walks ? (void *)&walk : &call) < 0) {
		return not_tried("the module refused the call");
	}
	reply.error = walks ? -walk.result : -call.result;
	reply.value = walks ? walk.par : call.par;
	return print_reply(attack, &reply);
}

static enum exit_status kernel_access(const struct attack *attack)
{
	struct attack_reply reply = { 0 };
	bool device = is(attack->via, "device");
	uint64_t pfn;
	int fd = open_device();

	if (fd < 0 || !find_page(attack, fd, &pfn)) {
		return EXIT_NOT_TRIED;
	}
	if (is(attack->way, "dma")) {
		return dma_access(attack, pfn);
	}
	if (is(attack->way, "mapped") || is(attack->access, "exec")) {
		return mapped_access(attack, fd, pfn);
	}
	if (is(attack->way, "uaccess")) {
		return uaccess(attack, fd, pfn);
	}
	if (has_no_size(attack)) {
		return kernel_instructs(attack, fd, pfn);
	}
	struct attack_access call = {
		.pfn = pfn,
		.buffer = (uint64_t)reply.bytes,
		.offset = (uint32_t)(attack->ipa % PAGE_BYTES),
		.size = (uint32_t)attack->size,
		.via = device                   ? ATTACK_VIA_DEVICE :
		       is(attack->via, "alias") ? ATTACK_VIA_ALIAS :
						  ATTACK_VIA_LINEAR,
	};

	memcpy(reply.bytes, &attack->data, sizeof(attack->data));
	if (ioctl(fd, is_read(attack) ? ATTACK_READ : ATTACK_WRITE, &call) < 0) {
		return not_tried("the module refused the call");
	}
	close(fd);
	reply.error = -call.result;
	reply.size = call.done;
	return print_reply(attack, &reply);
}

static enum exit_status kernel_hold(const struct attack *attack)
{
	struct attack_hold call = { .pid = (uint32_t)attack->info.pid,
				    .hva = attack->info.ram_hva,
				    .size = attack->info.ram_bytes };
	int fd = open_device();

	if (fd < 0 || ioctl(fd, ATTACK_HOLD, &call) < 0) {
		return fd < 0 ? EXIT_NOT_TRIED : not_tried("cannot hold the guest's pages");
	}
	printf("terrarium: value hold readable=%llu refused=%llu\n",
	       (unsigned long long)call.readable, (unsigned long long)call.refused);
	return EXIT_TRIED;
}

static enum exit_status kernel_release(void)
{
	struct attack_release call;
	int fd = open_device();

	if (fd < 0 || ioctl(fd, ATTACK_RELEASE, &call) < 0) {
		return fd < 0 ? EXIT_NOT_TRIED : not_tried("cannot look at the pages");
	}
	printf("terrarium: value release zero=%llu nonzero=%llu refused=%llu readable_zero=%llu "
	       "readable_nonzero=%llu\n",
	       (unsigned long long)call.zero, (unsigned long long)call.nonzero,
	       (unsigned long long)call.refused, (unsigned long long)call.readable_zero,
	       (unsigned long long)call.readable_nonzero);
	return EXIT_TRIED;
}

/* The pattern XOR ATTACK_SCAN_KEY, made digit by digit: the pattern itself is never in memory. */
static bool hidden_pattern(const char *text, uint64_t *pattern)
{
	uint64_t hidden = 0;
	size_t digits;

	text += strncmp(text, "0x", 2) == 0 ? 2 : 0;
	digits = strlen(text);
	if (digits == 0 || digits > 16 || strspn(text, "0123456789abcdefABCDEF") != digits) {
		return false;
	}
	for (size_t place = 16; place-- > 0;) {
		char digit = place < digits ? text[digits - 1 - place] : '0';
		uint64_t value = isdigit((unsigned char)digit) ?
					 (uint64_t)(digit - '0') :
					 (uint64_t)(tolower((unsigned char)digit) - 'a' + 10);

		hidden = hidden << 4 | (value ^ (ATTACK_SCAN_KEY >> 4 * place & 0xf));
	}
	*pattern = hidden;
	return true;
}

static enum exit_status scan(const char *text)
{
	struct attack_scan call = { 0 };

	if (!hidden_pattern(text, (uint64_t *)&call.pattern)) {
		fprintf(stderr, "attack: %s: the pattern has 1 to 16 hexadecimal digits\n", text);
		return EXIT_ARGUMENTS;
	}
	int fd = open_device();

	if (fd < 0 || ioctl(fd, ATTACK_SCAN, &call) < 0) {
		return fd < 0 ? EXIT_NOT_TRIED : not_tried("cannot scan");
	}
	printf("terrarium: value scan hits=%llu read=%llu refused=%llu unmapped=%llu",
	       (unsigned long long)call.hits, (unsigned long long)call.read,
	       (unsigned long long)call.refused, (unsigned long long)call.unmapped);
	if (call.hits > 0) {
		printf(" first=%#llx", (unsigned long long)call.place[0]);
	}
	printf("\n");
	return EXIT_TRIED;
}

static bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 0);
	return end != text && *end == '\0' && errno == 0;
}

/* @words: the conduit, then x0 and up to seven more. */
static enum exit_status call(char **words, int count)
{
	struct attack_call attack = { .conduit = is(words[0], "hvc") ? ATTACK_CONDUIT_HVC :
						 is(words[0], "smc") ? ATTACK_CONDUIT_SMC :
								       ATTACK_CONDUIT_NONE };
	bool good = attack.conduit != ATTACK_CONDUIT_NONE && count >= 2 && count <= 9;

	for (int i = 1; good && i < count; i++) {
		good = parse_number(words[i], (uint64_t *)&attack.x[i - 1]);
	}
	if (!good) {
		fputs(usage, stderr);
		return EXIT_ARGUMENTS;
	}
	int fd = open_device();

	if (fd < 0 || ioctl(fd, ATTACK_CALL, &attack) < 0) {
		return fd < 0 ? EXIT_NOT_TRIED : not_tried("cannot call");
	}
	printf("terrarium: value call conduit=%s x0=%#llx x1=%#llx x2=%#llx x3=%#llx\n", words[0],
	       (unsigned long long)attack.x[0], (unsigned long long)attack.x[1],
	       (unsigned long long)attack.x[2], (unsigned long long)attack.x[3]);
	return EXIT_TRIED;
}

/* The page of find_page(), kept until a signal ends this process. */
static enum exit_status keep_page(void)
{
	struct attack attack = { .has_pa = true, .own = true };
	uint64_t pfn;
	int fd = open_device();

	if (fd < 0 || !find_page(&attack, fd, &pfn)) {
		return EXIT_NOT_TRIED;
	}
	printf("terrarium: value page pfn=%#llx pa=%#llx\n", (unsigned long long)pfn,
	       (unsigned long long)(pfn * PAGE_BYTES));
	fflush(stdout);
	pause();
	return EXIT_TRIED;
}

/* ---- arguments ---- */

static bool take_option(struct attack *attack, const char *name, const char *value)
{
	uint64_t number = 0;
	bool is_number = parse_number(value, &number);

	if (is(name, "--info")) {
		attack->info_path = value;
	} else if (is(name, "--by")) {
		attack->by = value;
	} else if (is(name, "--via") &&
		   (is(value, "linear") || is(value, "alias") || is(value, "device"))) {
		attack->via = value;
	} else if (is(name, "--ipa") && is_number && number % sizeof(uint64_t) == 0) {
		attack->ipa = number;
		attack->has_ipa = true;
	} else if (is(name, "--pa") &&
		   (is(value, "own") || (is_number && number % sizeof(uint32_t) == 0))) {
		attack->own = is(value, "own");
		attack->ipa = number;
		attack->has_ipa = true;
		attack->has_pa = true;
	} else if (is(name, "--data") && is_number) {
		attack->data = number;
		attack->has_data = true;
	} else if (is(name, "--size") && is_number && number % sizeof(uint64_t) == 0 &&
		   number > 0 && number <= ATTACK_BYTES_MAX) {
		attack->size = number;
	} else {
		fprintf(stderr, "attack: %s %s: no such option, or bad value\n%s", name, value,
			usage);
		return false;
	}
	return true;
}

/* Whether @access is one that @way has. */
static bool has_access(const struct attack *attack)
{
	bool plain = is_read(attack) || is(attack->access, "write");
	bool exec = is(attack->access, "exec");

	if (is(attack->way, "kernel") && is(attack->access, "walk")) {
		return true;
	}
	if (is(attack->access, "maintain")) {
		return maintenance(attack) &&
		       (is(attack->way, "kernel") || is(attack->way, "mapped"));
	}
	if (attack->has_pa) {
		return is(attack->way, "kernel") || is(attack->way, "mapped") ? plain || exec :
		       is(attack->way, "uaccess") || is(attack->way, "dma")   ? plain :
										false;
	}
	return is(attack->way, "vmm") || is(attack->way, "kernel") ? plain || exec :
	       is(attack->way, "process") || is(attack->way, "syscall") || is(attack->way, "dma") ?
								     plain :
								     false;
}

static enum exit_status run(struct attack *attack)
{
	if (!attack->has_pa && !vm_info_read(attack->info_path, &attack->info)) {
		return EXIT_NOT_TRIED;
	}
	if (is(attack->way, "kernel") && is(attack->access, "hold")) {
		return kernel_hold(attack);
	}
	if (!has_access(attack) || !attack->has_ipa ||
	    (is(attack->access, "write") && !attack->has_data)) {
		fputs(usage, stderr);
		return EXIT_ARGUMENTS;
	}
	if (is(attack->access, "write")) {
		attack->size = sizeof(attack->data);
	} else if (has_no_size(attack)) {
		attack->size = 0;
	}
	if (is(attack->via, "device")) {
		attack->size = sizeof(uint32_t);
	}
	if (attack->has_pa) {
		return kernel_access(attack);
	}
	if (!vm_info_hva(&attack->info, attack->ipa, attack->size, &attack->hva)) {
		return EXIT_ARGUMENTS;
	}
	if (is(attack->way, "process")) {
		return by_process(attack);
	}
	return is(attack->way, "vmm") || is(attack->way, "syscall") ? by_vmm(attack) :
								      kernel_access(attack);
}

int main(int argc, char **argv)
{
	struct attack attack = { .by = "pipe", .via = "linear", .size = READ_BYTES_DEFAULT };

	if (argc == 3 && is(argv[1], "scan")) {
		return scan(argv[2]);
	}
	if (argc == 2 && is(argv[1], "page")) {
		return keep_page();
	}
	if (argc > 3 && is(argv[1], "call")) {
		return call(argv + 2, argc - 2);
	}
	if (argc == 3 && is(argv[1], "kernel") && is(argv[2], "release")) {
		return kernel_release();
	}
	if (argc < 3 || argc % 2 == 0) {
		fputs(usage, stderr);
		return EXIT_ARGUMENTS;
	}
	attack.way = argv[1];
	attack.access = argv[2];
	for (int i = 3; i < argc; i += 2) {
		if (!take_option(&attack, argv[i], argv[i + 1])) {
			return EXIT_ARGUMENTS;
		}
	}
	if ((attack.info_path == NULL) == !attack.has_pa) {
		fputs(usage, stderr);
		return EXIT_ARGUMENTS;
	}
	return run(&attack);
}
