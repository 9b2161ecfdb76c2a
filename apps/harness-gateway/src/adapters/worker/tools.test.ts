import { describe, expect, test } from "@jest/globals";
import type { sandbox } from "@cofferdam/contracts";
import { RpcError } from "@cofferdam/service";
import { runTool, type ToolBox } from "./tools.ts";

/** A sandbox whose files are a map; commands are not run. */
function boxOf(files: Map<string, string>): ToolBox {
  return {
    exec: async () => {
      throw new Error("no command is run here");
    },
    readFile: async (path) => {
      const text = files.get(path);
      if (text !== undefined) return Buffer.from(text);
      throw new RpcError({ status: "NOT_FOUND", reason: "FILE_NOT_FOUND", message: `reading ${path}: no such file` });
    },
    writeFiles: async (_id: string, changes: sandbox.FileChange[]) => {
      for (const { path, change } of changes) {
        if (change?.$case === "content") files.set(path, Buffer.from(change.value).toString("utf8"));
        else files.delete(path);
      }
    },
  };
}

const patch = (operation: object) => ({ callId: "c", tool: "apply_patch", arguments: JSON.stringify(operation) });
const update = patch({ type: "update_file", path: "a.txt", diff: "@@\n-one\n+two\n" });
const runOf = (readBefore: ToolBox["readFile"]) => ({ execId: "s1a1", step: 1, timeoutMs: 1_000, readBefore });

describe("apply_patch", () => {
  test("a patch that is repeated against what was there before gives the same file and the same answer", async () => {
    const files = new Map([["a.txt", "one\n"]]);
    const before = async () => Buffer.from("one\n");
    const first = await runTool(update, runOf(before), boxOf(files));
    expect(await runTool(update, runOf(before), boxOf(files))).toEqual(first);
    expect(files.get("a.txt")).toBe("two\n");
  });

  test("repeated against its own result it would fail: why a repetition reads the committed file", async () => {
    const box = boxOf(new Map([["a.txt", "two\n"]]));
    expect((await runTool(update, runOf(box.readFile), box)).exitCode).toBe(1);
  });

  test("a move writes the new place and removes the old one", async () => {
    const files = new Map([["a.txt", "one\n"]]);
    const box = boxOf(files);
    const move = patch({ type: "update_file", path: "a.txt", diff: "@@\n-one\n+two\n", moveTo: "b/c.txt" });
    await runTool(move, runOf(box.readFile), box);
    expect([...files]).toEqual([["b/c.txt", "two\n"]]);
  });

  test.each([
    [{ type: "update_file", path: "none.txt", diff: "@@\n-x\n+y\n" }, "no such file"],
    [{ type: "update_file", path: "a.txt", diff: "@@\n-nowhere\n+y\n" }, "context not found"],
    [{ type: "create_file", path: "../x", diff: "+a\n" }, "outside /workspace"],
    [{ type: "rename", path: "x" }, "operation.type"],
  ])("%j is told to the model", async (operation, words) => {
    const box = boxOf(new Map([["a.txt", "one\n"]]));
    const outcome = await runTool(patch(operation), runOf(box.readFile), box);
    expect(outcome).toMatchObject({ exitCode: 1, output: expect.stringContaining(words) });
  });
});

test("a lost sandbox is no answer for the model", async () => {
  const lost = new RpcError({ status: "UNAVAILABLE", reason: "SANDBOX_LOST", message: "gone" });
  const box = { ...boxOf(new Map()), writeFiles: async () => Promise.reject(lost) };
  const create = patch({ type: "create_file", path: "a", diff: "+a\n" });
  await expect(runTool(create, runOf(box.readFile), box)).rejects.toBe(lost);
});
