import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { startThreadedModel, type ThreadedModel } from "./threaded-model.ts";

let dir: string;
let said: string[];
let model: ThreadedModel;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "cofferdam-thread-"));
  said = [];
  const soon = { silentMs: 500, everyMs: 50 };
  model = await startThreadedModel({ roots: [dir], apiKey: "k" }, (text) => said.push(text), soon);
});

afterEach(async () => {
  await model.close();
  rmSync(dir, { recursive: true });
});

async function ask(program: string): Promise<number | "broken"> {
  const path = join(dir, `${Math.random()}.mjs`);
  writeFileSync(path, program);
  const request = {
    method: "POST",
    headers: { authorization: "Bearer k", "content-type": "application/json" },
    body: JSON.stringify({ model: `scripted:${path}`, input: [{ role: "user", content: "x" }] }),
  };
  return fetch(`${model.url}/responses`, request).then(
    ({ status }) => status,
    () => "broken" as const,
  );
}

const good = 'export default () => ({ text: "yes" });\n';

async function answersAgain(): Promise<void> {
  while ((await ask(good)) !== 200) await sleep(50);
}

test("a program is answered from another thread", async () => {
  expect(await ask(good)).toBe(200);
});

test("a program that computes without end is stopped, which is said, and the next one is answered", async () => {
  expect(await ask("export default () => { for (;;); };\n")).toBe("broken");
  await answersAgain();
  expect(said).toEqual([expect.stringContaining("has not answered for 0.5 s")]);
});

test.each([
  ["ends the process", "export default () => process.exit(3);\n", "ended its thread (3)"],
  ["fails outside a call", 'export default async () => { setTimeout(() => { throw new Error("boo"); }); };\n', "boo"],
])("a program that %s ends its own thread only", async (_, program, why) => {
  await ask(program);
  while (said.length === 0) await sleep(50);
  await answersAgain();
  expect(said[0]).toContain(why);
});
