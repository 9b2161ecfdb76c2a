import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type ScriptedModel, startScriptedModel } from "@cofferdam/scripted-model";
import { counted, countingAgent } from "./testing/counting-agent.ts";
import { Installation } from "./testing/installation.ts";

let installation: Installation;
let provider: ScriptedModel;
beforeEach(async () => {
  installation = await Installation.create();
  installation.write(countingAgent({ steps: 2 }));
  const { default: program } = await import(pathToFileURL(join(installation.dir, "model.mjs")).href);
  provider = await startScriptedModel({ models: { "gpt-5.5": program }, apiKey: "sk-test" });
});
afterEach(async () => {
  await provider.close();
  await installation.remove();
});

test("a real model is asked by its key, its answers are recorded, and replaying them needs no key", async () => {
  const key = { OPENAI_API_KEY: "sk-test", OPENAI_BASE_URL: provider.url };
  const recorded = await installation.json(["run", "manifest.yaml", "--record", "answers.jsonl"], key);
  expect(recorded.ended.code).toBe(0);
  expect(recorded.answer).toMatchObject({ model: { name: "gpt-5.5", scripted: false }, totals: { modelCalls: 3 } });
  const tape = readFileSync(join(installation.dir, "answers.jsonl"), "utf8");
  expect(tape.trim().split("\n")).toHaveLength(3);
  expect(tape).not.toContain("sk-test");

  const paid = provider.stats().total.started;
  const replayed = await installation.json(["run", "manifest.yaml", "--replay", "answers.jsonl"]);
  expect(replayed.ended.code).toBe(0);
  expect(replayed.answer).toMatchObject({
    model: { name: "scripted:tape/gpt-5.5", scripted: true },
    execution: { steps: 2, committedOnce: 2 },
    ledger: { state: "verified" },
  });
  expect(provider.stats().total.started).toBe(paid);
  const { run } = replayed.answer as { run: { runId: string } };
  expect(readFileSync(join(installation.dir, "results", run.runId, "numbers.txt"), "utf8")).toBe(counted(2));
});

test("recording without a key is refused, and no tape is made", async () => {
  const { ended, answer } = await installation.json(["run", "manifest.yaml", "--record", "answers.jsonl"]);
  expect(ended.code).toBe(4);
  expect(answer).toMatchObject({ error: { code: "NOTHING_TO_RECORD" } });
});

test("a key that the provider refuses ends the run with the provider's words and without the key", async () => {
  const key = { OPENAI_API_KEY: "sk-wrong", OPENAI_BASE_URL: provider.url };
  const { code, stdout, stderr } = await installation.run(["run", "manifest.yaml"], key);
  expect(code).toBe(1);
  expect(stdout).toMatch(/401[^]*Incorrect API key/);
  expect(stdout + stderr).not.toContain("sk-wrong");
});
