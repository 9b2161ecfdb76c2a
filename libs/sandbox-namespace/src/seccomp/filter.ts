import {
  encode,
  type Instruction,
  jumpIfAnyBit,
  jumpIfAtLeast,
  jumpIfEqual,
  jumpIfGreater,
  load,
  verdict,
} from "./bpf.ts";
import { absent, auditArch, HIGHEST_KNOWN, inspected, type Machine, refused } from "./syscalls.ts";

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

// Offsets in struct seccomp_data; arguments are 64 bits wide, low half first. Each argument that is looked at here is
// an int or has all its meaning in the low half.
const NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (index: number): number => 16 + 8 * index;

/** On x86-64 the x32 calls have this bit set; -1 (a call that a tracer cancelled) has it too, and no tracer exists. */
const X32_BIT = 0x4000_0000;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACES = 0x7e02_0000;

/** AF_UNIX, AF_INET, AF_INET6. Not AF_VSOCK, which no network namespace covers, nor netlink, packet and the rest. */
const socketFamilies = [1, 2, 10];

/** TIOCSTI types into the terminal, TIOCLINUX pastes into it, TIOCSETD loads line disciplines. */
const refusedIoctls = [0x5412, 0x541c, 0x5423];

/** PER_LINUX, PER_LINUX32, UNAME26 with either, and the query. */
const personalities = [0, 8, 0x0002_0000, 0x0002_0008, 0xffff_ffff];

/** The filter for a machine, as `bwrap --seccomp` takes it. */
export function seccompFilter(machine: Machine): Buffer {
  return encode(filterProgram(machine));
}

export function filterProgram(machine: Machine): readonly Instruction[] {
  const column = machine === "x64" ? 0 : 1;
  const calls = inspected[machine];
  return [
    load(ARCHITECTURE),
    jumpIfEqual(auditArch[machine], 1, 0),
    verdict.killProcess,
    load(NUMBER),
    ...(machine === "x64" ? [jumpIfAtLeast(X32_BIT, 0, 1), verdict.killProcess] : []),
    jumpIfGreater(HIGHEST_KNOWN, 0, 1),
    verdict.fail(ENOSYS),
    ...Object.values(absent).flatMap((numbers) => answer(numbers[column], verdict.fail(ENOSYS))),
    ...Object.values(refused).flatMap((numbers) => answer(numbers[column], verdict.fail(EPERM))),
    ...inspect(calls.clone, 0, [jumpIfAnyBit(NEW_NAMESPACES, 0, 1), verdict.fail(EPERM)]),
    ...inspect(calls.socket, 0, onlyOneOf(socketFamilies, EAFNOSUPPORT)),
    ...inspect(calls.socketpair, 0, onlyOneOf(socketFamilies, EAFNOSUPPORT)),
    ...inspect(calls.ioctl, 1, noneOf(refusedIoctls, EPERM)),
    ...inspect(calls.personality, 0, onlyOneOf(personalities, EPERM)),
    verdict.allow,
  ];
}

const answer = (number: number, result: Instruction): readonly Instruction[] =>
  number < 0 ? [] : [jumpIfEqual(number, 0, 1), result];

/** Looks at one argument of a call; what `checks` lets through is allowed. */
const inspect = (number: number, index: number, checks: readonly Instruction[]): readonly Instruction[] => [
  jumpIfEqual(number, 0, checks.length + 2),
  load(argument(index)),
  ...checks,
  verdict.allow,
];

const onlyOneOf = (values: readonly number[], errno: number): readonly Instruction[] => [
  ...values.map((value, i) => jumpIfEqual(value, values.length - i, 0)),
  verdict.fail(errno),
];

const noneOf = (values: readonly number[], errno: number): readonly Instruction[] =>
  values.flatMap((value) => [jumpIfEqual(value, 0, 1), verdict.fail(errno)]);
