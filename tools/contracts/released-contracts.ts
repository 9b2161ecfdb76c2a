import { mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { compareVersions } from "../../libs/host-probe/src/requirements/versions.ts";
import { buf } from "./buf.ts";

/**
 * One buf image per released version, committed: a check against them needs no tags and no history, so it holds in a
 * shallow clone too.
 */
const RELEASES = "proto/releases";

export interface ReleasedContracts {
  readonly version: string;
  readonly image: string;
}

export async function newestRelease(root: string): Promise<ReleasedContracts | undefined> {
  const files = await readdir(join(root, RELEASES)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const versions = files.filter((file) => file.endsWith(".binpb")).map((file) => file.slice(0, -".binpb".length));
  const version = versions.sort(compareVersions).at(-1);
  return version === undefined ? undefined : { version, image: join(root, RELEASES, `${version}.binpb`) };
}

/** Keeps today's contracts as those of the version in package.json. */
export async function releaseContracts(root: string): Promise<string> {
  const { version }: { version: string } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  await mkdir(join(root, RELEASES), { recursive: true });
  const image = join(root, RELEASES, `${version}.binpb`);
  await buf(root, ["build", "--exclude-source-info", "-o", image]);
  return image;
}
