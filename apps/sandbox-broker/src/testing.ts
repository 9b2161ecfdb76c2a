import { createHash, randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { chown, cp, mkdir, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sandbox } from "@cofferdam/contracts";
import { findBubblewrap } from "@cofferdam/sandbox-namespace";
import { Address, connect, readStream, rpc, type RpcError, type Service, silentLogger } from "@cofferdam/service";
import type { Fault } from "./domain/faults.ts";
import type { WorkspaceStore } from "./domain/workspace-store.ts";
import { startBroker } from "./service.ts";

/** Copies of folders under made-up digests: enough to test the broker without a snapshot store. */
export function folderStore(root: string): WorkspaceStore {
  return {
    restore: async ({ digest, into, owner }) => {
      await cp(join(root, digest), into, { recursive: true, verbatimSymlinks: true });
      await chown(into, owner.uid, owner.gid);
      for (const name of await readdir(into, { recursive: true })) await chown(join(into, name), owner.uid, owner.gid);
    },
    store: async ({ root: from, exclude }) => {
      const digest = `sha256:${createHash("sha256").update(randomUUID()).digest("hex")}`;
      const left = new Set(exclude.map((name) => join(from, name)));
      await mkdir(root, { recursive: true });
      await cp(from, join(root, digest), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => !left.has(path),
      });
      return { snapshotDigest: digest, treeDigest: digest, storedBytes: 0, written: [], removed: [] };
    },
    forget: () => undefined,
  };
}

/** A broker and its client. */
export interface TestBroker {
  readonly client: sandbox.SandboxServiceClient;
  readonly folder: string;
  close(): Promise<void>;
}

/** Starts a broker in this process. With `folder` it continues the life of an earlier one. */
export async function startTestBroker(
  options: { folder?: string; faults?: readonly Fault[] } = {},
): Promise<TestBroker> {
  const folder = options.folder ?? testFolder();
  const broker: Required<Service> = await startBroker(
    {
      address: Address(`unix:${join(folder, "b.sock")}`),
      stateDir: join(folder, "state"),
      sandboxRoot: join(folder, "root"),
      bwrap: await testBubblewrap(),
      team: "care",
      logger: silentLogger,
      ...(options.faults === undefined ? {} : { faults: options.faults }),
    },
    folderStore(join(folder, "snapshots")),
  );
  const client = connect(sandbox.SandboxServiceClient, broker.address ?? Address("127.0.0.1:1"));
  return {
    client,
    folder,
    close: async () => {
      client.close();
      await broker.close();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cofferdam-broker-"));
  chmodSync(folder, 0o711);
  return folder;
}

export async function testBubblewrap(): Promise<string> {
  const cacheDir = join(import.meta.dirname, "../../../.cofferdam/cache");
  return (await findBubblewrap({ cacheDir })).path;
}

export const holder = (epoch = 1, log = "run1/t001"): sandbox.Holder => ({ team: "care", log, epoch });

export function acquire(client: sandbox.SandboxServiceClient, over: Partial<sandbox.AcquireRequest> = {}) {
  return rpc(client.acquire.bind(client), {
    holder: holder(),
    tier: "namespace",
    snapshotDigest: "",
    mounts: [],
    limits: undefined,
    environment: {},
    leaseMs: 60_000,
    directories: [],
    acquireId: randomUUID(),
    ...over,
  });
}

export interface ExecRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly outcome: sandbox.ExecOutcome;
}

/** Runs a script of bash through the broker. */
export async function exec(
  client: sandbox.SandboxServiceClient,
  sandboxId: string,
  script: string,
  over: Partial<sandbox.ExecStart> & { readonly input?: string } = {},
): Promise<ExecRun> {
  const { input, ...start } = over;
  const call = client.exec();
  const value: sandbox.ExecStart = {
    holder: holder(),
    sandboxId,
    execId: randomUUID(),
    argv: ["bash", "-c", script],
    workdir: "",
    environment: {},
    timeoutMs: 0,
    step: 0,
    ...start,
  };
  call.write({ request: { $case: "start", value } });
  if (input !== undefined) call.write({ request: { $case: "stdin", value: Buffer.from(input) } });
  call.end();
  const said = { stdout: "", stderr: "" };
  for await (const { response } of readStream<sandbox.ExecResponse>(call)) {
    if (response?.$case === "outcome") return { ...said, outcome: response.value };
    if (response !== undefined) said[response.$case] += response.value.toString();
  }
  throw new Error("the stream ended without an outcome");
}

/** The error of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<RpcError> {
  try {
    await call;
  } catch (error) {
    return error as RpcError;
  }
  throw new Error("the call succeeded");
}
