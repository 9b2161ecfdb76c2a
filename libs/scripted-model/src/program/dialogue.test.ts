import { expect, test } from "@jest/globals";
import { runScript } from "../local/run-script.ts";
import { renderExecOutput } from "./exec-output.ts";
import { deleteFile, dialogue, patch, run, write } from "./index.ts";

const execute = (outputs: Readonly<Record<string, string>>) => {
  const calls: string[] = [];
  return {
    calls,
    execute: async (call: { readonly name?: string; readonly arguments?: unknown; readonly applyPatch?: unknown }) => {
      calls.push(JSON.stringify(call.applyPatch ?? (call.arguments as { cmd: string }).cmd));
      const output = outputs[(call.arguments as { cmd?: string } | undefined)?.cmd ?? ""];
      if (call.applyPatch !== undefined) return { text: "Done.", status: "completed" as const };
      if (output === undefined) return { text: "Denied by policy." };
      const rest = { chunkId: "000000", wallTimeSeconds: 0, sessionId: null, originalTokenCount: null };
      return { text: renderExecOutput({ ...rest, exitCode: 0, output }) };
    },
  };
};

const program = dialogue(function* ({ messages }) {
  const listing = yield* run("ls", { text: `You said ${messages[0]?.text}.` });
  if (listing.output.includes("old")) {
    yield* write("new.txt", "one\ntwo");
    yield* patch("new.txt", "@@\n-two\n+three\n");
    yield { calls: [deleteFile("old.txt")] };
  }
  const denied = yield* run("rm -rf /");
  return `${listing.output.trim()}, ${denied.exitCode}`;
});

test("a dialogue reads from top to bottom, and branches on what it finds", async () => {
  const outside = execute({ ls: "old.txt\n" });
  const { text, conversation } = await runScript(program, { ...outside, input: "hello" });
  expect(text).toBe("old.txt, 126");
  expect(outside.calls).toEqual([
    '"ls"',
    '{"type":"create_file","path":"new.txt","diff":"+one\\n+two\\n"}',
    '{"type":"update_file","path":"new.txt","diff":"@@\\n-two\\n+three\\n"}',
    '{"type":"delete_file","path":"old.txt"}',
    '"rm -rf /"',
  ]);
  expect(conversation.turns[0]?.text).toBe("You said hello.");
});

test("another finding leads another way", async () => {
  const outside = execute({ ls: "new.txt\n" });
  expect((await runScript(program, { ...outside, input: "x" })).text).toBe("new.txt, 126");
  expect(outside.calls).toHaveLength(2);
});

test("a program that asks for something else when it is played again is found out", async () => {
  let times = 0;
  const fickle = dialogue(function* () {
    yield* run(`echo ${(times += 1)}`);
    return "done";
  });
  await expect(runScript(fickle, execute({}))).rejects.toMatchObject({ code: "script_diverged" });
});

test("a program that never ends is stopped", async () => {
  const endless = dialogue(function* () {
    for (;;) yield* run("ls");
  });
  await expect(runScript(endless, { ...execute({ ls: "" }), maxTurns: 5 })).rejects.toMatchObject({
    code: "script_failed",
  });
});

test.each([
  [{}, "neither text nor calls"],
  ["hello", "not an object"],
  [{ text: 7 }, "'text' is not a string"],
  [{ text: "a", toolCalls: [] }, "unknown field 'toolCalls'"],
  [{ calls: [{ name: "send_mail", arguments: {} }] }, "does not offer"],
  [{ calls: [{ applyPatch: { type: "rename_file", path: "a" } }] }, "no create_file"],
])("the answer %j is refused: %s", async (answer, why) => {
  const wrong = runScript(() => answer as never, execute({}));
  await expect(wrong).rejects.toMatchObject({ code: "answer_invalid", message: expect.stringContaining(why) });
});
