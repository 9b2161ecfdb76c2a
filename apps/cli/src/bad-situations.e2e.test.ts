import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { countingAgent } from "./testing/counting-agent.ts";
import { Installation, processesWith } from "./testing/installation.ts";

let installation: Installation;
beforeEach(async () => {
  installation = await Installation.create();
});
afterEach(() => installation.remove());

test("no model key and no script: said with the mend, and no run exists", async () => {
  const files = countingAgent({ steps: 1 });
  const text = files["manifest.yaml"]?.replace(" script: model.mjs,", "") ?? "";
  installation.write({ ...files, "manifest.yaml": text });
  const { ended, answer } = await installation.json(["run", "manifest.yaml"]);
  expect(ended.code).toBe(4);
  expect(answer).toMatchObject({
    error: { code: "MODEL_KEY_MISSING", mend: expect.stringContaining("OPENAI_API_KEY") },
  });
  expect((await installation.json(["runs"])).answer).toEqual({ runs: [] });
  expect(await processesWith(installation.home)).toEqual([]);
});

test("an input above its limit is named with its place in the manifest, and no run exists", async () => {
  const files = countingAgent({ steps: 1 });
  const text = files["manifest.yaml"]?.replace('["*.txt"] }', '["*.txt"], limits: { bytes: 8B } }') ?? "";
  installation.write({ ...files, "manifest.yaml": text });
  const { ended, answer } = await installation.json(["run", "manifest.yaml"]);
  expect(ended.code).toBe(3);
  const { error } = answer as { error: { problems: { reason: string; line: number }[] } };
  expect(error.problems).toMatchObject([{ reason: "INPUT_TOO_LARGE", path: "spec.inputs.words.limits.bytes" }]);
  expect((await installation.json(["runs"])).answer).toEqual({ runs: [] });
});

test("a port in use is named, and nothing stays", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const address = other.address();
  const port = typeof address === "object" ? address?.port : 0;
  const { code, stderr } = await installation.run(["up", "--listen", `127.0.0.1:${port}`]);
  other.close();
  expect(code).toBe(4);
  expect(stderr).toContain(`cannot listen on 127.0.0.1:${port}`);
  expect(await processesWith(installation.home)).toEqual([]);
});

test("a second `up` says who runs the first, and commands attach to that one", async () => {
  installation.write(countingAgent({ steps: 2 }));
  const up = installation.start(["up"]);
  await up.until(/control plane ready/);
  const second = await installation.run(["up"]);
  expect(second.code).toBe(4);
  expect(second.stderr).toContain(`pid ${up.child.pid}`);
  expect((await installation.run(["run", "manifest.yaml"])).code).toBe(0);
  expect((await installation.run(["run", "manifest.yaml", "--chaos", "kill-sandbox@1"])).code).toBe(4);
  up.child.kill("SIGINT");
  expect((await up.ended).code).toBe(0);
  expect(await processesWith(installation.home)).toEqual([]);
});

test("without bubblewrap or nats-server it is said which is missing and how to get it", async () => {
  installation.write(countingAgent({ steps: 1 }));
  const noBwrap = await installation.run(["run", "manifest.yaml"], { COFFERDAM_BWRAP: "/nonexistent/bwrap" });
  expect([noBwrap.code, noBwrap.stderr]).toEqual([4, expect.stringMatching(/COFFERDAM_BWRAP[^]*mend:/)]);
  const noNats = await installation.run(["run", "manifest.yaml"], { COFFERDAM_NATS_SERVER: "/nonexistent/nats" });
  expect([noNats.code, noNats.stderr]).toEqual([4, expect.stringMatching(/COFFERDAM_NATS_SERVER[^]*mend:/)]);
  expect(await processesWith(installation.home)).toEqual([]);
});

test("nats-server dying under a run is said, it is started again, and the run completes", async () => {
  installation.write(countingAgent({ steps: 6, also: "sleep 0.3" }));
  const running = installation.start(["run", "manifest.yaml"]);
  await running.until(/step 2 committed/);
  const [nats = ""] = await processesWith(join(installation.home, "nats"));
  process.kill(Number.parseInt(nats, 10), "SIGKILL");
  await running.until(/nats-server is back/);
  expect((await running.ended).code).toBe(0);
});

test("a script that fails ends the run as failed, with its words", async () => {
  installation.write(countingAgent({ steps: 1 }));
  writeFileSync(join(installation.dir, "model.mjs"), "export default () => { throw new Error('no idea') };\n");
  const { code, stdout } = await installation.run(["run", "manifest.yaml"]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/failed[^]*no idea/);
});

test("what a killed process left in the runtime directory does not keep the next one from starting", async () => {
  const up = installation.start(["up", "--json"]);
  const [, socket = ""] = await up.until(/"gateway":"unix:([^"]+)"/);
  up.child.kill("SIGKILL");
  await up.ended;
  expect(existsSync(socket)).toBe(true);
  expect((await installation.run(["runs"])).code).toBe(0);
  expect(existsSync(socket)).toBe(false);
});

test("a home that cannot be written to is named", async () => {
  const blocked = join(installation.dir, "file");
  writeFileSync(blocked, "");
  const { code, stderr } = await installation.run(["runs"], { COFFERDAM_HOME: join(blocked, "home") });
  expect(code).toBe(4);
  expect(stderr).toMatch(/cannot write to .*COFFERDAM_HOME/s);
});

test("a name that no team can have is a wrong argument", async () => {
  const { code, stderr } = await installation.run(["runs"], { COFFERDAM_TEAM: "Care Ops" });
  expect([code, stderr]).toEqual([2, expect.stringContaining('COFFERDAM_TEAM "Care Ops" is no name of a team')]);
  expect(await processesWith(installation.home)).toEqual([]);
});

test("a script that loops does not keep an interrupt from ending everything", async () => {
  installation.write(countingAgent({ steps: 1 }));
  writeFileSync(join(installation.dir, "model.mjs"), "export default () => { for (;;); };\n");
  const running = installation.start(["run", "manifest.yaml"]);
  await running.until(/t001 +sandbox ready/);
  running.child.kill("SIGINT");
  expect((await running.ended).code).toBe(130);
  expect(await processesWith(installation.home)).toEqual([]);
});

test("a call that policy denies is told to the model, and the run goes on and is shown", async () => {
  const files = countingAgent({ steps: 1 });
  const text = files["manifest.yaml"]?.replace("[exec_command]", "[exec_command, apply_patch]") ?? "";
  const model = `const call = (name, args) => ({ calls: [{ name, arguments: args }] });
const [denied, allowed] = [
  call("apply_patch", { type: "create_file", path: "inputs/words/d.txt", diff: "+delta", move_to: null }),
  call("exec_command", {
    cmd: "mkdir -p out && echo 1 > out/numbers.txt",
    workdir: null, shell: null, login: null, tty: null, yield_time_ms: null, max_output_tokens: null,
  }),
];
export default ({ turns }) => [denied, allowed][turns.length] ?? { text: JSON.stringify(turns[0]) };
`;
  installation.write({ ...files, "manifest.yaml": text, "model.mjs": model });
  const { ended, answer } = await installation.json(["run", "manifest.yaml"]);
  expect(ended.code).toBe(0);
  expect(answer).toMatchObject({
    run: { status: "RUN_STATUS_COMPLETED", tasks: [{ stepsStarted: 1, stepsCommitted: 2 }, {}] },
    totals: { modelCallsPaidTwice: 0 },
  });
  const { run } = answer as { run: { tasks: { summary: string }[] } };
  expect(run.tasks[0]?.summary).toContain('Denied by policy: path \\"inputs/words/d.txt\\" is a read-only input');
});
