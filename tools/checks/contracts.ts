import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buf } from "../contracts/buf.ts";
import { generateContracts } from "../contracts/generate-contracts.ts";
import { newestRelease } from "../contracts/released-contracts.ts";
import { failed, passed, skipped, type Check } from "./check.ts";

export const contractsLint: Check = {
  name: "contracts lint (buf)",
  run: async (root) => {
    await buf(root, ["lint"]);
    return passed();
  },
};

/** Every version must read what the last released one wrote. */
export const contractsBreaking: Check = {
  name: "contracts compatible (buf)",
  run: async (root) => {
    const released = await newestRelease(root);
    if (released === undefined) return skipped("no contracts are released yet (npm run release:contracts)");
    await buf(root, ["breaking", "--against", released.image]);
    return passed(`with ${released.version}`);
  },
};

/** The generated code in the tree is what proto/ gives now. */
export const contractsFresh: Check = {
  name: "contracts generated",
  run: async (root) => {
    const dir = await mkdtemp(join(tmpdir(), "cofferdam-contracts-"));
    try {
      const fresh = join(dir, "gen");
      await generateContracts(root, fresh);
      const stale = await differences(join(root, "libs/contracts/src/gen"), fresh);
      return stale.length === 0 ? passed() : failed(`stale: ${stale.join(", ")}\nrun npm run generate and commit it`);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};

async function differences(committed: string, fresh: string): Promise<string[]> {
  const [left, right] = await Promise.all([filesOf(committed), filesOf(fresh)]);
  return [...new Set([...left.keys(), ...right.keys()])].filter((path) => left.get(path) !== right.get(path));
}

async function filesOf(dir: string): Promise<Map<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [file.slice(dir.length + 1), await readFile(file, "utf8")] as const)),
  );
}
