# SPDX-License-Identifier: GPL-2.0-or-later
"""A debugger on a VM that is not protected: the VMM's --gdb, GDB's remote serial protocol."""

from __future__ import annotations

import struct

import pytest

from scenarios.cli import NO_VMM, reason, write_config
from scenarios.harness.checks import Checks, at_least, matches
from scenarios.harness.host import Host
from scenarios.harness.paths import out
from scenarios.harness.vm import VM

PORT = "1234"
PC, CPSR = "p20", "p21"
ENTRY = 0x8000_0000
MODE_EL1T, MODE_EL1H = 4, 5
START_FAILED, PANIC, BAD_ARGUMENTS = 1, 34, 35
IMAGE = "sdk/kernel/Image"
IDLE = struct.pack("<2I", 0xD5033F9F, 0xD503207F)  # cpu_do_idle(): dsb sy; wfi
KERNEL, INITRD = "/guest/linux-image", "/guest/linux-initrd"
LINUX_TEXT = 0xFFFF_8000_8000_0000  # _text of a kernel for 48 bits without KASLR
BOOT_S = 150.0
SEED = 0x1122334455667788
RUBBISH = b"\x00\xff+-$$#$q#zz$" + b"m" * 9000 + b"#00\x03$vCont;s:9;;#00$m0,ffffffffffffffff#ff}"
# guest/bare/debugged.c: ldr x2, [x0]; add x2, x2, x1; str x2, [x0]; ret
TURN = struct.pack("<4I", 0xF9400002, 0x8B010042, 0xF9000002, 0xD65F03C0).hex()


def value(answer: str) -> int:
    """A register or a word of memory, as an answer has it: lowest byte first."""
    return int.from_bytes(bytes.fromhex(answer), "little")


def word(number: int) -> str:
    return struct.pack("<Q", number).hex()


class Debugger:
    """GDB's place: packets, and their answers. Each call is a connection of its own."""

    def __init__(self, host: Host, port: str = PORT) -> None:
        self._host, self._port = host, port

    def say(self, *words: str) -> list[str]:
        return self._host.run(["gdb-client", self._port, *words], BOOT_S, ok=True).out.splitlines()


def debugged(host: Host, check: Checks) -> tuple[VM, Debugger, dict[str, int]]:
    """A VM of two CPUs that its first debugger has looked at and left; where things are in it."""
    vm = host.vm("debugged", protected=False, cpus=2, options=["--gdb", PORT])
    debugger = Debugger(host)
    stop, threads, pc, cpsr, begun = debugger.say("?", "qfThreadInfo", PC, CPSR, "D")
    check("the VM stands before its first instruction", ("T05thread:1;", hex(ENTRY)), (stop, hex(value(pc))))
    check("in EL1", MODE_EL1H, value(cpsr) & 0xF)
    check("threads", "m1,2", threads)
    check("it is let go", "OK", begun)
    places = vm.report("places")
    return vm, debugger, {name: int(places[name]) for name in ("first", "second", "own", "turns", "leave", "seed")}


def leave(vm: VM, debugger: Debugger, check: Checks, at: dict[str, int], more: int = 0) -> None:
    """The guest goes on to its end, as if nobody had looked; what it counted is what it did, and @more."""
    wrote, gone = debugger.say(f"M{at['leave']:x},8:{word(1)}", "D")
    check("the guest is told to leave", ("OK", "OK"), (wrote, gone))
    vm.finish()
    turns = vm.report("turns")
    check("what the guest counted, beyond its rounds", more, int(turns["counted"]) - int(turns["expected"]))


def test_gdb_stops(host: Host, check: Checks) -> None:
    """Breakpoints of both kinds, watchpoints and steps on each of two vCPUs; then the guest ends as it would have."""
    vm, debugger, at = debugged(host, check)
    first, second, turns = at["first"], at["second"], at["turns"]

    set_, stop, pc, removed, step, after, third, registers = debugger.say(
        f"Z1,{first:x},4", "c", PC, f"z1,{first:x},4", "s", PC, "vCont;s:1", "g")
    check("hardware breakpoint: set, taken away", ("OK", "OK"), (set_, removed))
    check("stopped by, and where", ("T05thread:1;", hex(first)), (stop, hex(value(pc))))
    check("a step: stopped by, and where", ("T05thread:1;", hex(first + 4)), (step, hex(value(after))))
    check("one more step: of vCPU 1", "T05thread:1;", third)
    x = [value(registers[16 * i : 16 * i + 16]) for i in range(33)]
    check("registers then: x2 is x1 more than the memory that x0 is the address of", (turns, 1), (x[0], x[1]))
    check("PC among them", hex(first + 8), hex(x[32]))

    inserted, stop, pc, code, gone = debugger.say(
        f"Z0,{second:x},4", "c", PC, f"m{second:x},10", f"z0,{second:x},4")
    check("software breakpoint: set, taken away", ("OK", "OK"), (inserted, gone))
    check("it stops the other vCPU", ("T05thread:2;", hex(second)), (stop, hex(value(pc))))
    check("memory is as if there was none", TURN, code)

    set_, stop, pc, removed, stepped, after = debugger.say(
        f"Z2,{turns:x},8", "c", PC, f"z2,{turns:x},8", "s", PC)
    check("watchpoint: stopped by", f"T05thread:1;watch:{turns:x};", stop)
    check("before the store", hex(first + 8), hex(value(pc)))
    check("a step, the watchpoint away", ("OK", "OK", hex(first + 12)), (set_, removed, hex(value(after))))
    check("stepped by", "T05thread:1;", stepped)
    leave(vm, debugger, check, at)


def test_gdb_changes(host: Host, check: Checks) -> None:
    """A debugger interrupts a guest that runs, writes its memory and registers, and the guest goes on with these."""
    vm, debugger, at = debugged(host, check)
    first, seed = at["first"], at["seed"]

    stop, name, read = debugger.say("+c", "interrupt", "qC", f"m{first:x},10")
    check("interrupted", matches("T05thread:[12];"), stop)
    check("its thread", f"QC{stop[-2]}", name)
    check("code is read", TURN, read)

    wrote, back, nothing, garbled = debugger.say(
        f"M{seed:x},8:{word(SEED)}", f"m{seed:x},8", "m1000,8", f"M{seed:x},8:xx")
    check("memory: written, and read again", ("OK", word(SEED)), (wrote, back))
    check("no memory there; no bytes", ("E01", "E01"), (nothing, garbled))

    # x1 is how much the round adds: 5 for once, 4 more than it was.
    _set, _stop, _away, was, wrote, back, _step, loaded, _step, stored = debugger.say(
        f"Z1,{first:x},4", "c", f"z1,{first:x},4", "p1", f"P1={word(5)}", "p1", "s", "p2", "s", "p2")
    check("a register: read, written, read again", (word(1), "OK", word(5)), (was, wrote, back))
    check("the guest computes with it", value(loaded) + 5, value(stored))
    leave(vm, debugger, check, at, more=4)
    check("the guest finds what was written", SEED, vm.report("turns")["seed"])


def test_gdb_own_breakpoint(host: Host, check: Checks) -> None:
    """A BRK of the guest's own stays the guest's, under a debugger that runs, steps and has its own."""
    vm, debugger, at = debugged(host, check)
    # The guest executes one in each round: some hundred of them pass by.
    stops = debugger.say(f"Z0,{at['first']:x},4", *["c", f"z0,{at['first']:x},4", "s", f"Z0,{at['first']:x},4"] * 20, "D")
    check("stops", {"T05thread:1;"}, {stop for stop in stops if stop.startswith("T")})
    own = at["own"]
    _set, stop, _away, before, stepped, mode, where = debugger.say(
        f"Z1,{own:x},4", "c", f"z1,{own:x},4", CPSR, "s", CPSR, PC)
    check("a step over it: stopped by", ("T05thread:1;", "T05thread:1;"), (stop, stepped))
    check("in the guest's vector for it", (MODE_EL1T, 0x000), (value(before) & 0xF, value(where) & 0x7FF))
    check("with PSTATE of an exception: EL1h, DAIF", 0x3C5, value(mode) & 0x3CF)
    leave(vm, debugger, check, at)
    own_ones = vm.report("own_breakpoints")
    check("breakpoints that the guest executed", at_least(20), own_ones["of"])
    check("of these, without their exception", 0, own_ones["wrong"])


def in_kernel(image: bytes, wanted: bytes) -> int:
    """Where the guest's kernel has these bytes, without KASLR."""
    at = image.index(wanted)
    return LINUX_TEXT + at


@pytest.mark.limit(300)
@pytest.mark.host_files({KERNEL: out() / IMAGE, INITRD: out() / "guest/linux-initrd.cpio.gz"})
def test_gdb_linux(host: Host, check: Checks) -> None:
    """Stock Debian under a debugger from its first instruction, and again when it runs: its memory by its own tables, CPUs that idle."""
    image = (out() / IMAGE).read_bytes()
    banner, idle = in_kernel(image, b"Linux version "), in_kernel(image, IDLE)
    vm = host.vm(None, name="linux", protected=False, mem=256, cpus=2, options=[
        "--kernel", KERNEL, "--initrd", INITRD, "--params", "console=ttyS0 nokaslr terrarium.vsock=5000",
        "--cid", "7", "--gdb", PORT])
    debugger = Debugger(host)
    unmapped, set_, stop, where, _away, text, gone = debugger.say(
        f"m{banner:x},40", f"Z1,{idle:x},4", "c", PC, f"z1,{idle:x},4", f"m{banner:x},40", "D")
    check("before its first instruction there are no tables", "E01", unmapped)
    check("hardware breakpoint where a CPU idles", ("OK", "T05thread:1;", hex(idle)), (set_, stop, hex(value(where))))
    at = banner - LINUX_TEXT
    check("the kernel's own name, by its tables", image[at : at + 64].decode(), bytes.fromhex(text).decode())
    check("let go", "OK", gone)

    vm.report("init", BOOT_S)
    set_, stop, where, code, removed, gone = debugger.say(
        f"Z0,{idle:x},4", "c", PC, f"m{idle:x},8", f"z0,{idle:x},4", "D")
    check("software breakpoint where a CPU idles", ("OK", True, hex(idle)), (set_, stop.startswith("T05"), hex(value(where))))
    check("memory is as if there was none", IDLE.hex(), code)
    check("taken away, let go", ("OK", "OK"), (removed, gone))
    vm.stop()
    check("exit code of the VMM", 0, vm.wait())


def test_gdb_rubbish(host: Host, check: Checks) -> None:
    """Rubbish on the port, a second debugger, one that vanishes: none costs the guest anything."""
    vm, debugger, at = debugged(host, check)
    rubbish = RUBBISH.hex()
    check("a debugger after rubbish", ["QC1"], debugger.say(f"raw:{rubbish}", "qC"))
    stays = host.job("stays", ["gdb-client", PORT, "?", "end"])
    stays.wait_line("T05")
    check("a second debugger beside one", ["closed"], debugger.say("end"))
    stays.signal("KILL")
    stays.wait()
    check("one that leaves a breakpoint behind", ["OK", "T05thread:1;"], debugger.say(f"Z0,{at['first']:x},4", "c"))
    check("it is gone with it", [TURN], debugger.say(f"m{at['first']:x},10"))
    leave(vm, debugger, check, at)


def test_gdb_kills(host: Host, check: Checks) -> None:
    """A debugger ends the VM; of a guest that ends it is told the exit status."""
    vm = host.vm("spin", protected=False, options=["--gdb", PORT])
    check("killed", ["closed"], Debugger(host).say("+k", "end"))
    check("exit code of the VMM", 0, vm.wait())
    check("the VMM says why", matches("vmm: info: stopped by the debugger"), vm.log())
    vm = host.vm("panic", protected=False, name="panics", options=["--gdb", PORT])
    check("told of the guest's panic", ["W22"], Debugger(host).say("c"))
    check("exit code of the VMM", PANIC, vm.wait())


def test_gdb_refused(host: Host, check: Checks) -> None:
    """Nobody debugs a protected VM, and a port has one VM."""
    for kind in ("--protected", "--rsi"):
        refused = host.run(["vmm", "run", "--raw", "/guest/spin.bin", kind, "--gdb", PORT])
        check(f"{kind}: exit code of the VMM", BAD_ARGUMENTS, refused.exit)
        check(f"{kind}: why", matches(".*--gdb excludes --protected and --rsi"), refused.err)
    vm = host.vm("spin", protected=False, options=["--gdb", PORT])
    taken = host.run(["vmm", "run", "--raw", "/guest/spin.bin", "--gdb", PORT])
    check("a port that is taken: exit code of the VMM", START_FAILED, taken.exit)
    check("why", matches(".*--gdb: cannot listen on port 1234 of 127.0.0.1: Address already in use"), taken.err)
    vm.stop()
    check("a VM that stands is stopped", 0, vm.wait())


def test_gdb_vm(host: Host, check: Checks) -> None:
    """`vm run --gdb`: the service has a VM that is not protected stand until a debugger comes, and refuses what cannot be debugged."""
    config = write_config(host, "hello", False)
    runner = host.job("runner", ["vm", "run", "--gdb", PORT, config])
    check("vm says so", f"VM waits for GDB: target remote localhost:{PORT}", runner.wait_line("GDB"))
    check("it stands", ["T05thread:1;", "OK"], Debugger(host).say("?", "D"))
    check("vm's exit status", 0, runner.wait())
    check("the guest ran to its end", ("SHUTDOWN", True), (reason(runner.out()), "ok hello" in runner.out()))
    for name, flags, words in (
        ("a protected VM", ["--protected", "--gdb", PORT], "gdb-port: a protected VM cannot be debugged"),
        ("a port of the system's", ["--gdb", "22"], "gdb-port: it is not from 1024 to 65535"),
        ("no port", ["--gdb", "65536"], "--gdb: not a port from 1 to 65535"),
    ):
        refused = host.run(["vm", "run", *flags, config], 30.0)
        check(f"{name}: refused", (True, True), (refused.exit in (1, 2), words in refused.err))
    check("no vmm is left", 0, host.run(NO_VMM, 20.0).exit)
