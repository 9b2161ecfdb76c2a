import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { events } from "@cofferdam/contracts";
import { type Findings, messageOf } from "./finding.ts";
import type { References } from "./references.ts";

/** Reads blobs by digest; throws where there is none. `createBlobStore` of @cofferdam/storage is one. */
export interface BlobReader {
  get(ref: { readonly digest: string }): Promise<Uint8Array>;
}

/** Says what is wrong with a snapshot or tree and all that it names; nothing where it restores. */
export type SnapshotVerifier = (digest: string) => Promise<readonly string[]>;

/** What is named outside the ledger, each thing once, with the entry that names it first. */
export class Named {
  readonly blobs = new Map<string, { readonly ref: events.BlobRef; readonly index: number }>();
  readonly snapshots = new Map<string, number>();
  readonly published: { readonly output: events.OutputPublished; readonly index: number }[] = [];

  add(index: number, { blobs, snapshots, published }: References): void {
    for (const ref of blobs) if (!this.blobs.has(ref.digest)) this.blobs.set(ref.digest, { ref, index });
    for (const digest of snapshots) if (!this.snapshots.has(digest)) this.snapshots.set(digest, index);
    for (const output of published) this.published.push({ output, index });
  }
}

export async function verifyBlobs(named: Named, blobs: BlobReader, findings: Findings): Promise<number> {
  for (const [digest, { ref, index }] of named.blobs) {
    const problem = await problemOfBlob(ref, blobs);
    if (problem !== undefined) findings.add("blob", digest, `named by entry ${index}: ${problem}`);
  }
  return named.blobs.size;
}

async function problemOfBlob(ref: events.BlobRef, blobs: BlobReader): Promise<string | undefined> {
  try {
    const bytes = await blobs.get(ref);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    if (digest !== ref.digest) return `its bytes have digest ${digest}`;
    return bytes.length === ref.sizeBytes ? undefined : `has ${bytes.length} bytes, not ${ref.sizeBytes}`;
  } catch (error) {
    return messageOf(error);
  }
}

export async function verifySnapshots(named: Named, verify: SnapshotVerifier, findings: Findings): Promise<number> {
  for (const [digest, index] of named.snapshots) {
    const problems = await verify(digest).catch((error: unknown) => [messageOf(error)]);
    for (const problem of problems) findings.add("snapshot", digest, `named by entry ${index}: ${problem}`);
  }
  return named.snapshots.size;
}

/** Published files and commit manifests where they were put. Returns how many files were looked at. */
export async function verifyOutputs(named: Named, findings: Findings): Promise<number> {
  let count = 0;
  for (const { output: published, index } of named.published) {
    const { output, commitLocation, commitDigest } = published;
    const by = `published by entry ${index}`;
    count++;
    const commitProblem = await problemOfFile(commitLocation, commitDigest);
    if (commitProblem !== undefined) findings.add("commit", commitLocation, `${by}: ${commitProblem}`);
    for (const file of output?.files ?? []) {
      count++;
      const location = publishedLocation(output?.location ?? "", file.path);
      const problem = await problemOfFile(location, file.digest, file.sizeBytes);
      if (problem !== undefined) findings.add("output", location, `${by}: ${problem}`);
    }
  }
  return count;
}

/** URL of a published file: its path, segment by segment, under the output's location. */
export function publishedLocation(location: string, path: string): string {
  const folder = location.endsWith("/") ? location : `${location}/`;
  return folder + path.split("/").map(encodeURIComponent).join("/");
}

async function problemOfFile(location: string, digest: string, sizeBytes?: number): Promise<string | undefined> {
  if (!location.startsWith("file:")) return "only file: locations can be checked offline";
  try {
    const path = fileURLToPath(location);
    const { size } = await stat(path);
    if (sizeBytes !== undefined && size !== sizeBytes) return `has ${size} bytes, not ${sizeBytes}`;
    const found = await digestOfFile(path);
    return found === digest ? undefined : `has digest ${found}, not ${digest}`;
  } catch (error) {
    return messageOf(error);
  }
}

export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}
