import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { rpc } from "@cofferdam/service";
import { acquire, exec, failure, holder, startTestBroker, type TestBroker, testFolder } from "./testing.ts";

let broker: TestBroker;

beforeEach(async () => {
  broker = await startTestBroker();
});

afterEach(() => broker.close());

const describe = () => rpc(broker.client.describe.bind(broker.client), {});
const fence = (epoch: number) => rpc(broker.client.fence.bind(broker.client), { holder: holder(epoch) });

test("the same key gives the same sandbox, at once or later, and another key another", async () => {
  const twice = await Promise.all([1, 2].map(() => acquire(broker.client, { acquireId: "a" })));
  expect(twice[0]?.sandboxId).toBe(twice[1]?.sandboxId);
  expect((await acquire(broker.client, { acquireId: "a" })).sandboxId).toBe(twice[0]?.sandboxId);
  expect((await acquire(broker.client, { acquireId: "b" })).sandboxId).not.toBe(twice[0]?.sandboxId);
  expect((await describe()).sandboxes).toHaveLength(2);
});

test("a sandbox whose lease ran out is gone, and its command fails", async () => {
  const { sandboxId } = await acquire(broker.client, { leaseMs: 400 });
  expect(await failure(exec(broker.client, sandboxId, "sleep 60"))).toMatchObject({
    status: "UNAVAILABLE",
    reason: "SANDBOX_LOST",
  });
  expect(await failure(exec(broker.client, sandboxId, "true"))).toMatchObject({
    status: "NOT_FOUND",
    reason: "SANDBOX_LOST",
  });
  expect((await describe()).sandboxes).toEqual([]);
  expect(readdirSync(join(broker.folder, "root/sandboxes"))).toEqual([]);
});

test("a lease that is renewed keeps the sandbox", async () => {
  const { sandboxId } = await acquire(broker.client, { leaseMs: 600 });
  for (let i = 0; i < 5; i++) {
    await sleep(250);
    await rpc(broker.client.renew.bind(broker.client), { holder: holder(), sandboxId, leaseMs: 600 });
  }
  expect((await exec(broker.client, sandboxId, "echo here")).stdout).toBe("here\n");
});

test("a released sandbox is gone, releasing it again is fine, using it is not", async () => {
  const { sandboxId } = await acquire(broker.client);
  const release = () => rpc(broker.client.release.bind(broker.client), { holder: holder(), sandboxId });
  await release();
  await release();
  expect(await failure(exec(broker.client, sandboxId, "true"))).toMatchObject({ reason: "SANDBOX_RELEASED" });
  expect(existsSync(join(broker.folder, "root/sandboxes", sandboxId))).toBe(false);
});

test("an epoch that is over may do nothing, and the next owner takes the sandbox with what runs in it", async () => {
  const { sandboxId } = await acquire(broker.client, { acquireId: "a" });
  const first = exec(broker.client, sandboxId, "echo once >> ran; sleep 0.6; cat ran", { execId: "s1" });
  await sleep(150);
  expect(await fence(2)).toEqual({ waiting: 1 });
  const stale = await failure(exec(broker.client, sandboxId, "true"));
  expect(stale).toMatchObject({ status: "FAILED_PRECONDITION", reason: "FENCED", metadata: { highest: "2" } });
  const { client } = broker;
  for (const call of [
    acquire(client, { acquireId: "a" }),
    rpc(client.renew.bind(client), { holder: holder(), sandboxId, leaseMs: 1 }),
    rpc(client.release.bind(client), { holder: holder(), sandboxId }),
    rpc(client.checkpoint.bind(client), { holder: holder(), sandboxId, parentDigest: "" }),
    rpc(client.writeFiles.bind(client), { holder: holder(), sandboxId, execId: "w", changes: [] }),
    fence(1),
  ]) {
    expect(await failure(call)).toMatchObject({ reason: "FENCED" });
  }
  expect((await acquire(client, { acquireId: "a", holder: holder(2) })).sandboxId).toBe(sandboxId);
  const again = await exec(client, sandboxId, "echo once >> ran; sleep 0.6; cat ran", {
    execId: "s1",
    holder: holder(2),
  });
  expect(again.stdout).toBe("once\n");
  expect((await first).stdout).toBe("once\n");
});

test("fences of one log do not touch another, and outlive the broker", async () => {
  const folder = testFolder();
  const early = await startTestBroker({ folder });
  await rpc(early.client.fence.bind(early.client), { holder: holder(7) });
  await acquire(early.client, { holder: holder(1, "run2") });
  await early.close();
  const late = await startTestBroker({ folder });
  expect(await failure(acquire(late.client, { holder: holder(6) }))).toMatchObject({ reason: "FENCED" });
  await acquire(late.client, { holder: holder(7) });
  await late.close();
});

test("two brokers cannot share a state", async () => {
  expect(await failure(startTestBroker({ folder: broker.folder }))).toMatchObject({ reason: "STATE_IN_USE" });
});

test("the description names sandboxes, their holders and processes, and what enforces the limits", async () => {
  const { sandboxId } = await acquire(broker.client, { holder: holder(3) });
  const running = exec(broker.client, sandboxId, "echo; sleep 0.5", { holder: holder(3) });
  await sleep(250);
  const { sandboxes, tiers } = await describe();
  expect(sandboxes).toMatchObject([{ sandboxId, holder: holder(3), tier: "namespace", runningExecs: 1 }]);
  expect(sandboxes[0]?.pids.length).toBeGreaterThan(0);
  expect(Object.keys(tiers[0]?.enforcement ?? {}).toSorted()).toEqual([
    "cpu",
    "disk",
    "memory",
    "output",
    "pids",
    "timeout",
  ]);
  await running;
});
