import { mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { createLogger, type Logger, type LogLevel } from "@cofferdam/service";
import { z } from "zod";
import type { Home } from "./home.ts";

const LARGEST_BYTES = 64 << 20;

/** The log file of a process; one that has grown large is put aside under `.1`. */
export function logFile(home: Home, name: string): string {
  mkdirSync(home.logs, { recursive: true, mode: 0o700 });
  const path = join(home.logs, `${name}.log`);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LARGEST_BYTES) renameSync(path, `${path}.1`);
  return path;
}

/** Loggers of services that share one process and one file. */
export function loggersIn(file: string, env: NodeJS.ProcessEnv): (service: string) => Logger {
  const level = levelSchema.parse(env["COFFERDAM_LOG_LEVEL"]);
  return (service) => createLogger(service, level, file);
}

const levelSchema: z.ZodType<LogLevel> = z.enum(["debug", "info", "warn", "error", "silent"]).catch("info");
