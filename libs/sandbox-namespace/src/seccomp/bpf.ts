/** One classic BPF instruction, struct sock_filter of linux/filter.h. */
export interface Instruction {
  readonly code: number;
  /** Instructions to skip if a comparison holds, and if it does not. */
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly k: number;
}

const op = (code: number, k: number, ifTrue = 0, ifFalse = 0): Instruction => ({ code, ifTrue, ifFalse, k });

/** Loads 32 bits of struct seccomp_data at an offset. */
export const load = (offset: number): Instruction => op(0x20, offset);
export const jumpIfEqual = (k: number, ifTrue: number, ifFalse: number): Instruction => op(0x15, k, ifTrue, ifFalse);
export const jumpIfGreater = (k: number, ifTrue: number, ifFalse: number): Instruction => op(0x25, k, ifTrue, ifFalse);
export const jumpIfAtLeast = (k: number, ifTrue: number, ifFalse: number): Instruction => op(0x35, k, ifTrue, ifFalse);
export const jumpIfAnyBit = (k: number, ifTrue: number, ifFalse: number): Instruction => op(0x45, k, ifTrue, ifFalse);

/** How a filter answers (seccomp(2)). */
export const verdict = {
  allow: op(0x06, 0x7fff_0000),
  killProcess: op(0x06, 0x8000_0000),
  fail: (errno: number): Instruction => op(0x06, 0x0005_0000 | errno),
} as const;

/** BPF_MAXINSNS: the kernel takes no longer program. */
const MAX_INSTRUCTIONS = 4_096;

/** The program as an array of struct sock_filter, little-endian as all supported machines are. */
export function encode(program: readonly Instruction[]): Buffer {
  if (program.length > MAX_INSTRUCTIONS) throw new RangeError(`a filter of ${program.length} instructions`);
  const bytes = Buffer.alloc(program.length * 8);
  for (const [i, { code, ifTrue, ifFalse, k }] of program.entries()) {
    bytes.writeUInt16LE(code, i * 8);
    bytes.writeUInt8(ifTrue, i * 8 + 2);
    bytes.writeUInt8(ifFalse, i * 8 + 3);
    bytes.writeUInt32LE(k, i * 8 + 4);
  }
  return bytes;
}
