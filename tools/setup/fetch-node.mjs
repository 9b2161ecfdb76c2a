/** Fetches the pinned Node into `<cache>/node`; runs on any Node from 20 on. Usage: fetch-node.mjs <cache folder> */
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fetchTarball, readTarball } from "./npm-tarball.mjs";

/** Exit status of a set-up that could not get what it needs (ExitCode.ENVIRONMENT of @cofferdam/service). */
const ENVIRONMENT = 4;
const ABANDONED_MS = 30 * 60_000;

async function fetchNode(cache) {
  const { node } = JSON.parse(await readFile(new URL("pins.json", import.meta.url), "utf8"));
  const pinned = node.packages[`${process.platform}-${process.arch}`];
  if (pinned === undefined) {
    throw Object.assign(new Error(`there is no pinned Node for ${process.platform} on ${process.arch}`), {
      mend: "install Node 24 (nodejs.org, or `brew install node@24`), put it on PATH and start again",
    });
  }
  await removeOldScratch(join(cache, "node", "scratch"));
  const started = Date.now();
  process.stderr.write(
    `cofferdam: Node ${process.versions.node} is here, Node ${node.version} is needed: fetching it from the npm registry (${node.mb} MB)\n`,
  );
  const bytes = await fetchTarball({
    spec: `${pinned.name}@${node.version}`,
    integrity: pinned.integrity,
    scratchDir: join(cache, "node", "scratch"),
    onRetry: (attempt, of) => process.stderr.write(`  node ${node.version}: trying again (${attempt} of ${of})\n`),
  });
  for (const [path, body] of readTarball(bytes)) {
    if (path === "package/bin/node") await install(body, cache);
  }
  process.stderr.write(`  node ${node.version}: ready after ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Written aside and renamed, so that a kill in between leaves no half a program. */
async function install(program, cache) {
  const aside = await mkdtemp(join(cache, "node", "scratch", "unpacked-"));
  try {
    await writeFile(join(aside, "node"), program);
    await chmod(join(aside, "node"), 0o755);
    await mkdir(join(cache, "node", "bin"), { recursive: true });
    await rename(join(aside, "node"), join(cache, "node", "bin", "node"));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** What killed downloads left. Younger ones may be another process' that fetches Node at this moment. */
async function removeOldScratch(scratch) {
  if (!existsSync(scratch)) return;
  for (const name of await readdir(scratch)) {
    const { mtimeMs } = await stat(join(scratch, name));
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(join(scratch, name), { recursive: true, force: true });
  }
}

try {
  await fetchNode(process.argv[2]);
} catch (error) {
  const full = error.code === "ENOSPC" ? "free disk space and start again" : undefined;
  const mend = error.mend ?? full ?? "see the message above";
  process.stderr.write(`cofferdam: cannot start: ${error.message}\n  mend: ${mend}\n`);
  process.exitCode = ENVIRONMENT;
}
