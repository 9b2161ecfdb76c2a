import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, expect, test } from "@jest/globals";
import { snapshot } from "@cofferdam/contracts";
import { Address, connect, RpcError } from "@cofferdam/service";
import { type Digest, fileStore } from "@cofferdam/storage";
import { checkStore, type Finding, pullTree, pushTree, scan, treeDigest } from "@cofferdam/workspace-tree";

const base = mkdtempSync(join(tmpdir(), "cofferdam-kill-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const KILLS = 10;
const TIMEOUT_MS = 240_000;

async function startStore(dataDir: string, address: Address): Promise<ChildProcess> {
  const main = new URL("main.ts", import.meta.url).pathname;
  const child = spawn(
    process.execPath,
    ["--conditions=@cofferdam/source", "--disable-warning=ExperimentalWarning", main],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        COFFERDAM_TEAM: "t",
        COFFERDAM_LISTEN: address,
        COFFERDAM_DATA_DIR: dataDir,
        COFFERDAM_LOG_LEVEL: "warn",
      },
    },
  );
  await once(child.stdout, "data");
  return child;
}

test(
  "whatever the moment of a kill -9, each acknowledged snapshot restores byte for byte and nothing dangles",
  async () => {
    const dataDir = join(base, "data");
    const root = join(base, "workspace");
    mkdirSync(join(root, "d"), { recursive: true });
    const acknowledged: { digest: Digest; tree: Digest }[] = [];
    let step = 0;
    const interruptions: unknown[] = [];
    const push = async (client: snapshot.SnapshotServiceClient, epoch: number) => {
      step++;
      writeFileSync(join(root, `d/f${step % 7}`), `step ${step} `.repeat(20_000 * (step % 4)));
      writeFileSync(join(root, `g${step % 3}`), `step ${step}`);
      const parent = acknowledged.at(-1)?.digest ?? "";
      const pushed = await pushTree(client, { team: "t", log: "r", epoch, root, parent });
      acknowledged.push({ digest: pushed.snapshotDigest, tree: pushed.treeDigest });
    };
    for (let kill = 0; kill < KILLS; kill++) {
      const address = Address(`unix:${join(base, `s${kill}`)}`);
      const child = await startStore(dataDir, address);
      const client = connect(snapshot.SnapshotServiceClient, address);
      const exited = once(child, "exit");
      const begin = performance.now();
      await push(client, kill);
      const killer = delay(Math.random() * 3 * (performance.now() - begin)).then(() => child.kill("SIGKILL"));
      try {
        for (;;) await push(client, kill);
      } catch (error) {
        interruptions.push(error);
      }
      await killer;
      await exited;
      client.close();
    }
    expect(interruptions.filter((error) => !(error instanceof RpcError))).toEqual([]);

    const findings: Finding[] = [];
    for await (const finding of checkStore(fileStore(dataDir))) findings.push(finding);
    expect(findings).toEqual([]);

    const address = Address(`unix:${join(base, "s")}`);
    const child = await startStore(dataDir, address);
    const client = connect(snapshot.SnapshotServiceClient, address);
    for (const [i, { digest, tree }] of acknowledged.entries()) {
      const dir = join(base, `restored${i}`);
      await pullTree(client, { team: "t", digest, dir });
      expect(treeDigest((await scan(dir)).tree)).toBe(tree);
      rmSync(dir, { recursive: true });
    }
    client.close();
    child.kill("SIGTERM");
    await once(child, "exit");
  },
  TIMEOUT_MS,
);
