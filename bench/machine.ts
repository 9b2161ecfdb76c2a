/**
 * What a figure was measured on. A figure without its machine says nothing, so every benchmark prints these lines first.
 *
 *   node --conditions=@cofferdam/source bench/machine.ts
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { availableParallelism, cpus, freemem, loadavg, release, tmpdir, totalmem, type } from "node:os";
import { join } from "node:path";

const GIB = 2 ** 30;
const SYNCS = 200;

/** Facts about this machine at this moment. */
export interface MachineFacts {
  readonly cpu: string;
  readonly processors: number;
  readonly memoryGib: number;
  readonly freeMemoryGib: number;
  readonly kernel: string;
  readonly distribution: string;
  readonly node: string;
  /** Load average over one minute; above `processors` the figures are those of a busy machine. */
  readonly load: number;
  /** Median milliseconds of appending 4 KiB and fdatasync, in the folder that was asked about. */
  readonly fdatasyncMs: number;
  readonly time: string;
}

/** Measures for about a second; `dir` is where the benchmark will keep its files. */
export function machineFacts(dir = tmpdir()): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() || process.arch,
    processors: availableParallelism(),
    memoryGib: round(totalmem() / GIB),
    freeMemoryGib: round(freemem() / GIB),
    kernel: `${type()} ${release()}`,
    distribution: distribution(),
    node: process.versions.node,
    load: round(loadavg()[0] ?? 0),
    fdatasyncMs: fdatasyncMs(dir),
    time: new Date().toISOString(),
  };
}

/** The facts as lines to stand above the figures. */
export function describeMachine(facts: MachineFacts = machineFacts()): string {
  const { cpu, processors, memoryGib, freeMemoryGib, load } = facts;
  return [
    `machine   ${processors} processors (${cpu}), ${memoryGib} GiB of memory (${freeMemoryGib} free), load ${load}`,
    `system    ${facts.distribution}, ${facts.kernel}, Node ${facts.node}`,
    `disk      fdatasync of 4 KiB: median ${facts.fdatasyncMs} ms`,
    `when      ${facts.time}${load > processors ? "; the machine was busy: figures may be several times too slow" : ""}`,
  ].join("\n");
}

function fdatasyncMs(dir: string): number {
  const folder = mkdtempSync(join(dir, "cofferdam-bench-"));
  const file = openSync(join(folder, "sync"), "w");
  try {
    const block = Buffer.alloc(4_096, 1);
    const times = Array.from({ length: SYNCS }, () => {
      const started = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      return performance.now() - started;
    });
    return round(times.sort((a, b) => a - b)[SYNCS / 2] ?? 0);
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? process.platform;
  } catch {
    // macOS and some containers have no such file.
    return process.platform;
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;

if (import.meta.main) process.stdout.write(`${describeMachine()}\n`);
