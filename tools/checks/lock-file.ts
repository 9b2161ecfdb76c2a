import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { failed, passed, type Check } from "./check.ts";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly resolved?: string }>>;
}

/** The lock file names no registry host, and the types of Node are those of the Node that runs. */
export const lockFile: Check = {
  name: "lock file",
  run: async (root) => {
    const lock: Lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
    const problems = lockProblems(lock, Number.parseInt(process.versions.node, 10));
    return problems.length === 0 ? passed() : failed(problems.join("\n"));
  },
};

/** What is wrong with a lock file for a project that runs on Node `major`. */
export function lockProblems(lock: Lock, major: number): string[] {
  const hosts = Object.entries(lock.packages)
    .filter(([, locked]) => /^(https?|git\+)/.test(locked.resolved ?? ""))
    .map(
      ([path, locked]) =>
        `${path} is pinned to a host: ${locked.resolved} (npm install --omit-lockfile-registry-resolved)`,
    );
  const types = lock.packages["node_modules/@types/node"]?.version ?? "none";
  const typed = Number.parseInt(types, 10);
  return typed === major || major > 24
    ? hosts
    : [...hosts, `@types/node is ${types}, Node is ${major}: make the lock file with Node ${major}`];
}
