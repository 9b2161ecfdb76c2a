import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const dir = mkdtempSync(join(tmpdir(), "cofferdam-cli-"));

const cofferdam = (...args: string[]): Promise<Ended> => cofferdamWith({}, ...args);

function cofferdamWith(more: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> {
  const main = join(import.meta.dirname, "main.ts");
  const env = { PATH: process.env["PATH"], COFFERDAM_HOME: join(dir, "home"), ...more };
  return new Promise((resolve) => {
    const node = ["--conditions=@cofferdam/source", "--disable-warning=ExperimentalWarning", main, ...args];
    execFile(process.execPath, node, { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

function file(text: string): string {
  const path = join(mkdtempSync(join(dir, "m-")), "manifest.yaml");
  writeFileSync(path, text);
  return path;
}

test("help is an answer; it lists the commands and the exit codes", async () => {
  const { code, stdout, stderr } = await cofferdam("--help");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/run \[options\] <manifest>[^]*Exit codes:/);
});

test.each([[["frobnicate"]], [["run"]], [["run", "x", "--chaos", "kill-everything"]], [["runs", "-n", "0"]]])(
  "wrong arguments end with 2 and say what is wrong: %j",
  async (args) => {
    const { code, stdout, stderr } = await cofferdam(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error: /);
  },
);

test("with --json an argument error is one JSON document", async () => {
  const { code, stdout } = await cofferdam("--json", "frobnicate");
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "USAGE" } });
});

test("what is neither a file nor a run cannot be verified, which is a wrong argument", async () => {
  const { code, stderr } = await cofferdam("verify", dir);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/neither a file nor the id of a run\n {2}mend: /)]);
});

test("a ledger key that was damaged is said, not taken for a defect", async () => {
  const home = join(mkdtempSync(join(dir, "h-")), "home");
  mkdirSync(join(home, "keys"), { recursive: true });
  writeFileSync(join(home, "keys/ledger.key"), "PRIVATE+KEY+damaged");
  const { code, stderr } = await cofferdamWith({ COFFERDAM_HOME: home }, "verify");
  expect([code, stderr]).toEqual([4, expect.stringMatching(/ledger\.key cannot be used: [^]*\n {2}mend: restore/)]);
});

test("a manifest that is not there is named", async () => {
  const { code, stderr } = await cofferdam("run", "/nonexistent/m.yaml");
  expect(code).toBe(2);
  expect(stderr).toContain("/nonexistent/m.yaml: there is no such file");
});

const fiveMistakes = `apiVersion: cofferdam.dev/v1
kind: Manifest
metadata: { name: five }
spec:
  inputz: {}
  inputs:
    records: { from: "file:./r", limits: { bytes: 2 GigaBytes } }
    bucket: { from: "s3://b/x" }
  outputs:
    o: { path: ../escape, to: "file:./results" }
  budgets: { wall: 3 fortnights }
  agent: { model: gpt-5.5, instructions: AGENTS.md }
`;

test("a manifest with five mistakes yields five problems at once, each at its place, and starts nothing", async () => {
  const { code, stdout, stderr } = await cofferdam("run", file(fiveMistakes));
  expect([code, stdout]).toEqual([3, ""]);
  const places = stderr.split("\n").filter((line) => /manifest\.yaml:\d+:\d+ [A-Z_]+ .+ — .+/.test(line));
  expect(places).toHaveLength(5);
  expect(stderr.match(/│ +\^/g)).toHaveLength(5);
  expect(stderr).toContain("has 5 problems");
});

test("with --json the problems of a manifest come with line and column", async () => {
  const { code, stdout } = await cofferdam("run", "--json", file(fiveMistakes));
  expect(code).toBe(3);
  const { error } = JSON.parse(stdout);
  expect(error.code).toBe("MANIFEST_INVALID");
  expect(error.problems).toHaveLength(5);
  for (const problem of error.problems)
    expect(problem).toMatchObject({ line: expect.any(Number), column: expect.any(Number) });
});

test("doctor says what is missing and how to get it, for machines too", async () => {
  const { stdout } = await cofferdam("doctor", "--json");
  const { findings } = JSON.parse(stdout);
  expect(findings.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(["node", "nats-server", "sandbox", "model", "control-plane"]),
  );
});
