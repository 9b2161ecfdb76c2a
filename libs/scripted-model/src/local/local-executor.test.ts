import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createFile, deleteFile, execCommand, parseExecOutput, updateFile, viewImage } from "../program/index.ts";
import { localExecutor } from "./local-executor.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "local-executor-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("a command runs in the folder, with this Node first on the PATH", async () => {
  const { text } = await localExecutor({ directory })(execCommand("pwd; node --version; exit 3"));
  const result = parseExecOutput(text);
  expect(result?.exitCode).toBe(3);
  expect(result?.output).toContain(process.version);
});

test("long output keeps its head and its tail", async () => {
  const execute = localExecutor({ directory });
  const result = parseExecOutput((await execute(execCommand("seq 1 20000", { maxOutputTokens: 100 }))).text);
  expect(result?.originalTokenCount).toBeGreaterThan(20_000);
  expect(result?.output).toMatch(/^1\n2\n[\s\S]*tokens truncated[\s\S]*20000\n$/);
});

test("patches create, change and delete files", async () => {
  const execute = localExecutor({ directory });
  expect(await execute(createFile("deep/a.txt", "one\n"))).toMatchObject({ status: "completed" });
  expect(await execute(updateFile("deep/a.txt", "@@\n-one\n+two\n"))).toMatchObject({ status: "completed" });
  expect(await readFile(join(directory, "deep/a.txt"), "utf8")).toBe("two\n");
  expect(await execute(deleteFile("deep/a.txt"))).toMatchObject({ status: "completed" });
  expect(await execute(deleteFile("deep/a.txt"))).toMatchObject({ status: "failed" });
});

test.each(["../a.txt", "/etc/passwd", "a/../../b"])("the path %s is refused", async (path) => {
  expect(await localExecutor({ directory })(createFile(path, "x"))).toMatchObject({
    status: "failed",
    text: expect.stringContaining("leaves the workspace"),
  });
});

test("a tool that it does not have says so", async () => {
  expect((await localExecutor({ directory })(viewImage("a.png"))).text).toContain("no tool 'view_image'");
});
