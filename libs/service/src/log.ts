import { pino } from "pino";

/** Structured logger: objects first, then a short constant message. Never bodies, never secrets. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Lines kept while they cannot be written; older ones than these are lost, and a service is not stopped by its log. */
const KEPT_BYTES = 1 << 20;

/** JSON lines on standard error (file descriptor 2) or in a file. A full disk costs lines, nothing else. */
export function createLogger(service: string, level: LogLevel, destination?: string): Logger {
  const stream = pino.destination({ dest: destination ?? 2, sync: true, mkdir: true, maxLength: KEPT_BYTES });
  // Without a listener an unwritable log would end the process. What cannot be logged cannot be logged as lost either;
  // the gap in the times of the lines that follow shows it.
  stream.on("error", () => undefined);
  return pino({ level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
