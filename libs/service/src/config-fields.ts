import { z } from "zod";
import { Address } from "./address.ts";

const token = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** An {@link Address} in the environment. */
export const addressField = (description: string) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return Address(text);
      } catch (error) {
        context.addIssue({ code: "custom", message: error instanceof Error ? error.message : "no address" });
        return z.NEVER;
      }
    })
    .describe(description);

/** A comma-separated list of the given words, each at most once; at least one. */
export const listField = <const W extends readonly [string, ...string[]]>(words: W, description: string) =>
  z
    .string()
    .transform((text) => [...new Set(text.split(",").map((word) => word.trim()))])
    .pipe(z.array(z.enum(words)).min(1))
    .describe(description);

/** A whole number in the environment, e.g. milliseconds. */
export const countField = (description: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .describe(description);

/** `1`, `true`, `0` or `false`. */
export const flagField = (description: string) =>
  z
    .enum(["1", "true", "0", "false"])
    .transform((text) => text === "1" || text === "true")
    .describe(description);

/** What every service reads. */
export const commonFields = {
  COFFERDAM_TEAM: z
    .string()
    .regex(token, "must be 1 to 40 lowercase letters, digits or inner dashes")
    .describe("team that this release serves"),
  COFFERDAM_INSTANCE: z
    .string()
    .regex(token, "must be 1 to 40 lowercase letters, digits or inner dashes")
    .optional()
    .describe("name of this process among its replicas; made up when unset"),
  COFFERDAM_LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("least severe level that is logged"),
  COFFERDAM_LOG_FILE: z.string().optional().describe("file for JSON log lines; standard error when unset"),
  COFFERDAM_SHUTDOWN_MS: countField("milliseconds that a graceful shutdown may take").prefault("10000"),
  COFFERDAM_EXIT_WITH_PARENT: flagField("shut down when standard input ends").prefault("false"),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional().describe("OpenTelemetry collector, e.g. http://collector:4318"),
} as const;

/** What services on the bus read besides; spread it into the fields given to `runService`. */
export const natsFields = {
  COFFERDAM_NATS_URL: z
    .string()
    .regex(/^(?:nats|tls):\/\/[^\s]+$/, "must start with nats:// or tls://")
    .describe("NATS server, e.g. nats://127.0.0.1:4222; several are separated by commas"),
  COFFERDAM_NATS_TOKEN: z.string().optional().describe("token for NATS; prefer COFFERDAM_NATS_TOKEN_FILE"),
  COFFERDAM_NATS_WAIT_MS: countField("milliseconds to wait for NATS at start").prefault("15000"),
} as const;
