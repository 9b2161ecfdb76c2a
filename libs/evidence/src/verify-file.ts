import { decodeEnvelope, leafBytes, leafOf } from "@cofferdam/run-log";
import {
  FileTileStore,
  type Hash,
  inclusionProof,
  leafHash,
  type NoteVerifier,
  openCheckpoint,
  parseVerifierKey,
  verifyInclusion,
} from "@cofferdam/transparency-log";
import { EvidenceError } from "./errors.ts";
import { LedgerFiles } from "./ledger-files.ts";
import { CHECKPOINT_PATH } from "./state-record.ts";
import { digestOfFile, publishedLocation } from "./verify-references.ts";

export interface VerifyFileOptions {
  readonly ledgerDir: string;
  readonly verifierKey: string;
}

/** Proof that a run published some bytes: digest → `output.published` → leaf → checkpoint. */
export interface PublicationProof {
  readonly run: string;
  readonly output: string;
  /** Where the run put the file, as a URL. */
  readonly location: string;
  /** Entry of the `output.published` event. */
  readonly index: number;
  /** RFC 3339, by the publisher's clock. */
  readonly time: string;
  readonly treeSize: number;
  readonly proof: readonly Hash[];
  readonly checkpoint: string;
}

export interface VerifyFileResult {
  readonly digest: string;
  /** Every publication of these bytes, each proved; empty when no run published them. */
  readonly publications: readonly PublicationProof[];
}

/**
 * Finds which runs published a file with the bytes of `path`, and proves it against the signed checkpoint. Throws
 * TransparencyLogError or EvidenceError where the ledger cannot be read or a proof does not hold.
 */
export async function verifyFile(path: string, options: VerifyFileOptions): Promise<VerifyFileResult> {
  const verifier = parseVerifierKey(options.verifierKey);
  const store = new FileTileStore(options.ledgerDir);
  const files = new LedgerFiles(store);
  const checkpoint = Buffer.from((await store.read(CHECKPOINT_PATH)) ?? "").toString();
  const { size } = openCheckpoint(checkpoint, verifier);
  const digest = await digestOfFile(path);
  const publications: PublicationProof[] = [];
  for await (const { index, envelope } of files.events(0, size)) {
    // Cheap before exact: most events do not mention the digest at all.
    if (!Buffer.from(envelope).includes(digest)) continue;
    const decoded = decodeEnvelope(envelope);
    if (!decoded.ok) throw new EvidenceError("MALFORMED", `archived event ${index} cannot be read: ${decoded.reason}`);
    if (decoded.event.type !== "output.published") continue;
    const { output } = decoded.event.data;
    const leaf = leafHash(leafBytes(leafOf(decoded.envelope)));
    const proof = await prove(files, leaf, index, checkpoint, verifier);
    for (const file of output?.files ?? []) {
      if (file.digest !== digest) continue;
      publications.push({
        run: decoded.envelope.subject.split("/")[0] ?? "",
        output: output?.name ?? "",
        location: publishedLocation(output?.location ?? "", file.path),
        index,
        time: decoded.envelope.time,
        treeSize: size,
        proof,
        checkpoint,
      });
    }
  }
  return { digest, publications };
}

async function prove(files: LedgerFiles, leaf: Hash, index: number, checkpoint: string, verifier: NoteVerifier) {
  const { size, root } = openCheckpoint(checkpoint, verifier);
  const proof = await inclusionProof(files.nodes(size), index, size);
  verifyInclusion(leaf, index, size, proof, root);
  return proof;
}
