import { z } from "zod";
import { limits } from "../limits.ts";
import { count, duration, fraction, size } from "./quantity.ts";
import { name } from "./text.ts";

/** Isolation tiers that exist by design; only `namespace` is carried out today. */
export const tiers = ["process", "namespace", "gvisor", "microvm", "container", "kubernetes"] as const;

const parallel = z
  .union([
    count(limits.parallel, "Tasks at once, one task per file of the only input."),
    z.strictObject({
      over: name("Input with one task per file."),
      max: count(limits.parallel, "Tasks at once.").prefault(limits.parallel.initial),
    }),
  ])
  .meta({
    description: "One task per file of an input, each in a sandbox of its own. Absent: one task sees all inputs.",
  });

export const computeSchema = z
  .strictObject({
    tier: z.literal("namespace").prefault("namespace").meta({ description: "How the sandbox is isolated." }),
    cpu: fraction(limits.cpu, "Processor cores.").prefault(limits.cpu.initial),
    memory: size(limits.memoryBytes, "Memory of a sandbox.").prefault(limits.memoryBytes.initial),
    pids: count(limits.pids, "Processes and threads of a sandbox.").prefault(limits.pids.initial),
    timeout: duration(limits.timeoutMs, "Longest time that one command may run.").prefault(
      `${limits.timeoutMs.initial}ms`,
    ),
    parallel: parallel.optional(),
  })
  .transform(({ memory, timeout, ...rest }) => ({ ...rest, memoryBytes: memory, timeoutMs: timeout }));

export const budgetsSchema = z
  .strictObject({
    tokens: count(limits.tokens, "Tokens in and out of the model, over all tasks.").prefault(limits.tokens.initial),
    toolCalls: count(limits.toolCalls, "Tool calls, over all tasks.").prefault(limits.toolCalls.initial),
    wall: duration(limits.wallMs, "Time from submission to the end.").prefault(`${limits.wallMs.initial}ms`),
  })
  .transform(({ wall, ...rest }) => ({ ...rest, wallMs: wall }));
