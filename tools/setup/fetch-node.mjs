/** Fetches the pinned Node into `<cache>/node`; runs on any Node from 20 on. Usage: fetch-node.mjs <cache folder> */
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fetchTarball, readTarball } from "./npm-tarball.mjs";

/** Exit status of a set-up that could not get what it needs (ExitCode.ENVIRONMENT of @cofferdam/service). */
const ENVIRONMENT = 4;

async function fetchNode(cache) {
  const { node } = JSON.parse(await readFile(new URL("pins.json", import.meta.url), "utf8"));
  const pinned = node.packages[`${process.platform}-${process.arch}`];
  if (pinned === undefined) {
    throw Object.assign(new Error(`there is no pinned Node for ${process.platform} on ${process.arch}`), {
      mend: "install Node 24 (nodejs.org, or `brew install node@24`), put it on PATH and start again",
    });
  }
  const started = Date.now();
  process.stderr.write(
    `cofferdam: Node ${process.versions.node} is here, Node ${node.version} is needed: fetching it from the npm registry (${node.mb} MB)\n`,
  );
  const bytes = await fetchTarball({
    spec: `${pinned.name}@${node.version}`,
    integrity: pinned.integrity,
    scratchDir: join(cache, "scratch"),
    onRetry: (attempt, of) => process.stderr.write(`  node ${node.version}: trying again (${attempt} of ${of})\n`),
  });
  for (const [path, body] of readTarball(bytes)) {
    if (path === "package/bin/node") await install(body, cache);
  }
  process.stderr.write(`  node ${node.version}: ready after ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Written aside and renamed, so that a kill in between leaves no half a program. */
async function install(program, cache) {
  const aside = await mkdtemp(join(cache, "scratch", "node-"));
  await writeFile(join(aside, "node"), program);
  await chmod(join(aside, "node"), 0o755);
  await mkdir(join(cache, "node", "bin"), { recursive: true });
  await rename(join(aside, "node"), join(cache, "node", "bin", "node"));
  await rm(aside, { recursive: true });
}

try {
  await fetchNode(process.argv[2]);
} catch (error) {
  process.stderr.write(`cofferdam: cannot start: ${error.message}\n  mend: ${error.mend ?? "see the message above"}\n`);
  process.exitCode = ENVIRONMENT;
}
