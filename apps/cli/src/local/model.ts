import { randomBytes } from "node:crypto";
import { type ModelConfig, modelFromEnvironment } from "@cofferdam/harness-gateway";
import { CliError } from "../cli-error.ts";
import type { Closers } from "./closers.ts";
import type { Notice } from "./notice.ts";
import type { StartOptions } from "./plane.ts";
import { startThreadedModel, type ThreadedModelOptions } from "./threaded-model.ts";

const PROVIDER = "https://api.openai.com/v1";
/** Of a server in this process; what it refuses it refuses again. */
const MAX_RETRIES = 2;

/**
 * The model that answers: a tape where one is to be replayed, else a real one where there is a key (recorded where that is
 * asked for), else programs that manifests name.
 */
export async function startModel(
  options: StartOptions,
  closers: Closers,
  notice: Notice,
): Promise<ModelConfig | undefined> {
  const { tape, env } = options;
  const real = modelFromEnvironment({
    apiKey: env["OPENAI_API_KEY"] || undefined,
    baseUrl: env["OPENAI_BASE_URL"] || PROVIDER,
    scriptedUrl: undefined,
    background: "auto",
  });
  if (tape?.use === "replay") return start("tape", { replay: { tape: tape.path } }, closers, notice);
  if (tape?.use === "record") {
    if (real === undefined) throw nothingToRecord;
    const upstream = { baseUrl: real.baseUrl, apiKey: real.apiKey };
    const { baseUrl, apiKey } = await start("scripted", { record: { tape: tape.path, upstream } }, closers, notice);
    return { ...real, baseUrl, apiKey };
  }
  // Whoever holds the server's key is this user, who may run any program of theirs anyway.
  return real ?? start("scripted", { roots: ["/"] }, closers, notice);
}

/** A server of our own, with a key, so that nobody else on this machine can use it. */
async function start(
  kind: "scripted" | "tape",
  options: ThreadedModelOptions,
  closers: Closers,
  notice: Notice,
): Promise<ModelConfig> {
  const apiKey = randomBytes(24).toString("base64url");
  const { url: baseUrl } = closers.add(await startThreadedModel({ ...options, apiKey }, notice));
  return { kind, baseUrl, apiKey, background: true, idempotent: true, maxRetries: MAX_RETRIES };
}

const nothingToRecord = new CliError({
  code: "NOTHING_TO_RECORD",
  message: "--record writes what a real model answers, and no OPENAI_API_KEY is set",
  mend: "set OPENAI_API_KEY (and OPENAI_BASE_URL for another server than the provider's)",
});
