#!/usr/bin/env node
import { rename, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { reasonOf } from "./errors.ts";
import { type ScriptedModelOptions, startScriptedModel } from "./server/start.ts";

const USAGE = `Usage: scripted-model --root DIR [--root DIR…] [options]

  --listen HOST:PORT        default 127.0.0.1:0
  --root DIR                load programs from below this folder
  --model NAME=PATH         a program under a name
  --api-key KEY             let in this key only
  --fault 'N FAULT'         strike the Nth request: drop@E, malformed@E, stall@E=MSms, delay=MSms, status=429[,retry-after=S]
  --tokens-per-second N     pace of the answers; default: no pause
  --first-token-ms N
  --tape FILE --record      pass everything on to OPENAI_BASE_URL with OPENAI_API_KEY, and write what it answers
  --tape FILE --replay      answer from the file instead of programs
  --ready-file PATH         written when the server listens: {"url", "pid"}
`;

const { values } = parseArgs({
  options: {
    listen: { type: "string", default: "127.0.0.1:0" },
    root: { type: "string", multiple: true, default: [] },
    model: { type: "string", multiple: true, default: [] },
    "api-key": { type: "string" },
    fault: { type: "string", multiple: true, default: [] },
    "tokens-per-second": { type: "string" },
    "first-token-ms": { type: "string" },
    "ready-file": { type: "string" },
    tape: { type: "string" },
    record: { type: "boolean", default: false },
    replay: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(USAGE);
  const colon = values.listen.lastIndexOf(":");
  const tokensPerSecond = values["tokens-per-second"];
  const firstTokenMs = values["first-token-ms"];
  const apiKey = values["api-key"];
  const model = await startScriptedModel({
    host: values.listen.slice(0, colon).replace(/^\[|\]$/g, ""),
    port: Number(values.listen.slice(colon + 1)),
    roots: values.root,
    models: Object.fromEntries(
      values.model.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]),
    ),
    faults: values.fault,
    latency: {
      ...(tokensPerSecond === undefined ? {} : { tokensPerSecond: Number(tokensPerSecond) }),
      ...(firstTokenMs === undefined ? {} : { firstTokenMs: Number(firstTokenMs) }),
    },
    ...(apiKey === undefined ? {} : { apiKey }),
    ...tapeOptions(),
  });
  const ready = JSON.stringify({ url: model.url, pid: process.pid });
  const readyFile = values["ready-file"];
  if (readyFile !== undefined) {
    await writeFile(`${readyFile}.new`, ready);
    await rename(`${readyFile}.new`, readyFile);
  }
  process.stdout.write(`${ready}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void model.close());
}

function tapeOptions(): Pick<ScriptedModelOptions, "record" | "replay"> {
  const { tape, record, replay } = values;
  if (!record && !replay && tape === undefined) return {};
  if (tape === undefined || record === replay) throw new Error("--tape FILE goes with one of --record and --replay");
  if (replay) return { replay: { tape } };
  const apiKey = process.env["OPENAI_API_KEY"];
  if (apiKey === undefined || apiKey === "") throw new Error("--record needs OPENAI_API_KEY");
  const baseUrl = process.env["OPENAI_BASE_URL"] ?? "https://api.openai.com/v1";
  return { record: { tape, upstream: { baseUrl, apiKey } } };
}

main().catch((error: unknown) => {
  process.stderr.write(`scripted-model: ${reasonOf(error)}\n`);
  process.exitCode = 1;
});
