import { expect, test } from "@jest/globals";
import { assert, constantFrom, integer, property } from "fast-check";
import { filterProgram, seccompFilter } from "./filter.ts";
import { absent, auditArch, HIGHEST_KNOWN, inspected, type Machine, refused } from "./syscalls.ts";

interface SystemCall {
  readonly arch?: number;
  readonly number: number;
  readonly args?: readonly number[];
}

/** What the kernel would do with the program: an interpreter of the few instructions that it uses. */
function run(machine: Machine, call: SystemCall): string {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number >>> 0, 0);
  data.writeUInt32LE(call.arch ?? auditArch[machine], 4);
  for (const [i, value] of (call.args ?? []).entries())
    data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 16 + 8 * i);
  const program = filterProgram(machine);
  let accumulator = 0;
  for (let at = 0; at < program.length; at++) {
    const step = program[at];
    if (step === undefined) break;
    const { code, k } = step;
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else if (code === 0x06) return verdictName(k);
    else at += compare(code, accumulator, k) ? step.ifTrue : step.ifFalse;
  }
  throw new Error("the program ran off its end");
}

function compare(code: number, accumulator: number, k: number): boolean {
  if (code === 0x15) return accumulator === k;
  if (code === 0x25) return accumulator > k;
  if (code === 0x35) return accumulator >= k;
  if (code === 0x45) return (accumulator & k) !== 0;
  throw new Error(`unknown instruction ${code}`);
}

function verdictName(k: number): string {
  if (k === 0x7fff_0000) return "allow";
  if (k === 0x8000_0000) return "kill";
  return `errno ${k & 0xffff}`;
}

const machines: Machine[] = ["x64", "arm64"];
const machine = constantFrom(...machines);

test.each(machines)("every refused call is refused on %s, whatever its arguments", (name) => {
  const column = name === "x64" ? 0 : 1;
  const present = Object.values(refused).filter((numbers) => numbers[column] >= 0);
  for (const numbers of present) expect(run(name, { number: numbers[column], args: [0, 1, 2] })).toBe("errno 1");
  for (const numbers of Object.values(absent)) expect(run(name, { number: numbers[column] })).toBe("errno 38");
});

test("another machine's calls kill the process: int 0x80, x32, a foreign architecture", () => {
  expect(run("x64", { arch: 0x4000_0003, number: 1 })).toBe("kill");
  expect(run("x64", { number: 0x4000_0000 | 41 })).toBe("kill");
  expect(run("arm64", { arch: 0x4000_0028, number: 1 })).toBe("kill");
});

test("the verdict on every number is stable and later calls do not exist", () => {
  assert(
    property(machine, integer({ min: HIGHEST_KNOWN + 1, max: 0x3fff_ffff }), (name, number) => {
      expect(run(name, { number })).toBe("errno 38");
    }),
  );
});

test("only local and internet sockets can be made", () => {
  assert(
    property(machine, integer({ min: 0, max: 60 }), constantFrom("socket", "socketpair"), (name, family, call) => {
      const expected = [1, 2, 10].includes(family) ? "allow" : "errno 97";
      expect(
        run(name, { number: inspected[name][call === "socket" ? "socket" : "socketpair"], args: [family, 1, 0] }),
      ).toBe(expected);
    }),
  );
});

test("the upper half of an int argument cannot hide it", () => {
  const vsock = 2 ** 32 * 7 + 40;
  expect(run("x64", { number: inspected.x64.socket, args: [vsock] })).toBe("errno 97");
});

test.each([0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000])(
  "clone with namespace flag %d is refused, also beside the flags of a thread",
  (flag) => {
    for (const name of machines) {
      expect(run(name, { number: inspected[name].clone, args: [flag | 17] })).toBe("errno 1");
      expect(run(name, { number: inspected[name].clone, args: [(flag | 0x003d_0f00) >>> 0] })).toBe("errno 1");
      expect(run(name, { number: inspected[name].clone, args: [0x003d_0f00] })).toBe("allow");
    }
  },
);

test("nothing can be typed into a terminal, and other ioctls work", () => {
  expect(run("x64", { number: inspected.x64.ioctl, args: [0, 0x5412, 0] })).toBe("errno 1");
  expect(run("x64", { number: inspected.x64.ioctl, args: [0, 0x541c, 0] })).toBe("errno 1");
  expect(run("x64", { number: inspected.x64.ioctl, args: [0, 2 ** 32 + 0x5412, 0] })).toBe("errno 1");
  expect(run("x64", { number: inspected.x64.ioctl, args: [0, 0x5401, 0] })).toBe("allow");
});

test("only plain personalities can be taken", () => {
  expect(run("x64", { number: 135, args: [0xffff_ffff] })).toBe("allow");
  expect(run("x64", { number: 135, args: [0] })).toBe("allow");
  expect(run("x64", { number: 135, args: [0x0040_0000] })).toBe("errno 1");
});

test("ordinary calls are allowed, and the program has the shape that the kernel loads", () => {
  for (const number of [0, 1, 2, 9, 57, 59, 202, 257]) expect(run("x64", { number })).toBe("allow");
  for (const name of machines) expect(seccompFilter(name).length).toBe(filterProgram(name).length * 8);
});
