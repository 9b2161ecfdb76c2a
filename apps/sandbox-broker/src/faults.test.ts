import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { assert, property, string } from "fast-check";
import { FaultError, FaultPlan, parseFaults } from "./domain/faults.ts";
import { rpc } from "@cofferdam/service";
import { acquire, exec, failure, holder, startTestBroker } from "./testing.ts";

test("a fault is a kind and a step", () => {
  expect(parseFaults("kill-sandbox@19")).toEqual([{ kind: "kill-sandbox", step: 19 }]);
  expect(parseFaults("kill-sandbox@1, kill-sandbox@20")).toHaveLength(2);
  expect(parseFaults("")).toEqual([]);
});

test.each([
  "kill-sandbox",
  "kill-sandbox@",
  "kill-sandbox@0",
  "kill-sandbox@-1",
  "kill-sandbox@1.5",
  "explode@3",
  "@3",
  ",",
])("%j is refused with what is wrong", (text) => {
  expect(() => parseFaults(text)).toThrow(FaultError);
});

test("any text is a list of faults or a FaultError", () => {
  assert(
    property(string(), (text) => {
      try {
        expect(Array.isArray(parseFaults(text))).toBe(true);
      } catch (error) {
        if (!(error instanceof FaultError)) throw error;
      }
    }),
  );
});

test("a step is hit once in each log", () => {
  const plan = new FaultPlan(parseFaults("kill-sandbox@2"));
  expect(plan.take("a", 1)).toBeUndefined();
  expect(plan.take("a", 2)?.kind).toBe("kill-sandbox");
  expect(plan.take("a", 2)).toBeUndefined();
  expect(plan.take("b", 2)?.kind).toBe("kill-sandbox");
});

test("a sandbox that is killed in a step is gone with its files, and the next one carries on from the checkpoint", async () => {
  const broker = await startTestBroker({ faults: parseFaults("kill-sandbox@2") });
  const { client } = broker;
  const { sandboxId } = await acquire(client, { acquireId: "a" });
  await exec(client, sandboxId, "echo kept > file", { step: 1 });
  const request = { holder: holder(), sandboxId, parentDigest: "" };
  const { snapshotDigest } = await rpc(client.checkpoint.bind(client), request);

  const script = "echo half >> file; echo begun; sleep 30";
  const lost = await failure(exec(client, sandboxId, script, { step: 2, execId: "s2" }));
  expect(lost).toMatchObject({ status: "UNAVAILABLE", reason: "SANDBOX_LOST" });
  expect(existsSync(join(broker.folder, "root/sandboxes", sandboxId))).toBe(false);
  expect(await failure(rpc(client.checkpoint.bind(client), request))).toMatchObject({
    status: "NOT_FOUND",
    reason: "SANDBOX_LOST",
  });

  const next = await acquire(client, { acquireId: "a", snapshotDigest });
  expect(next.sandboxId).not.toBe(sandboxId);
  const again = await exec(client, next.sandboxId, "cat file", { step: 2, execId: "s2" });
  expect(again).toMatchObject({ stdout: "kept\n", outcome: { exitCode: 0, replayed: false } });
  await broker.close();
});

test("a command that is faster than its fault has not happened either", async () => {
  const broker = await startTestBroker({ faults: parseFaults("kill-sandbox@1") });
  const { sandboxId } = await acquire(broker.client);
  const hit = await failure(exec(broker.client, sandboxId, "", { step: 1, argv: ["true"] }));
  expect(hit).toMatchObject({ status: "UNAVAILABLE", reason: "SANDBOX_LOST" });
  await broker.close();
});
