import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { leafBytes, leafOf, seal, sha256 } from "@cofferdam/run-log";
import {
  generateSigner,
  inclusionProof,
  MemoryTileStore,
  signCheckpoint,
  tileNodes,
  TileWriter,
} from "@cofferdam/transparency-log";
import { auditMessage, verifyAuditMessage } from "./audit-message.ts";

const signer = generateSigner("cofferdam.dev/ledger/acme/abc");
const SIZE = 40;
const envelopes = Array.from({ length: SIZE }, (_, i) =>
  seal(
    { type: "sandbox.lost", data: { sandboxId: `s${i}`, reason: "killed" } },
    {
      team: "acme",
      service: "harness-gateway",
      log: "r1/t001",
      time: "2030-01-01T00:00:00.000Z",
      ordinal: i + 1,
      prevdigest: sha256(String(i)),
      epoch: 1,
      owner: "w1",
    },
  ),
);

async function messageAt(index: number) {
  const store = new MemoryTileStore();
  const { files, root } = TileWriter.empty().append(envelopes.map((envelope) => leafBytes(leafOf(envelope))));
  await store.write(files);
  const proof = await inclusionProof(tileNodes(store, SIZE), index, SIZE);
  const checkpoint = signCheckpoint({ origin: signer.name, size: SIZE, root }, signer);
  const envelope = envelopes[index];
  if (envelope === undefined) throw new RangeError(`no envelope ${index}`);
  return auditMessage(envelope, { index, size: SIZE, checkpoint, proof });
}

const verify = (message: object) => verifyAuditMessage(Buffer.from(JSON.stringify(message)), signer.verifierKey);

test("every message proves itself with the verifier key alone", async () => {
  for (let index = 0; index < SIZE; index++) {
    const audited = verify(await messageAt(index));
    expect([audited.index, audited.checkpoint.size, audited.event.type]).toEqual([index, SIZE, "sandbox.lost"]);
    expect(audited.envelope).toEqual(envelopes[index]);
  }
});

test("a message with anything changed, added or taken away is refused", async () => {
  const message = await messageAt(17);
  const other = await messageAt(18);
  for (const name of Object.keys(message) as (keyof typeof message)[]) {
    const { [name]: _, ...without } = message;
    expect(() => verify(without)).toThrow("");
    if (JSON.stringify(message[name]) === JSON.stringify(other[name])) continue;
    expect(() => verify({ ...message, [name]: other[name] })).toThrow("");
  }
  expect(() => verify({ ...message, more: 1 })).toThrow("");
  expect(() => verify({ ...message, data: { ...envelopes[17], reason: "crashed" } })).toThrow("datadigest");
  expect(() =>
    verifyAuditMessage(Buffer.from(JSON.stringify(message)), generateSigner(signer.name).verifierKey),
  ).toThrow("signed by");
});

test("arbitrary bytes are refused with a typed error", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        expect(() => verifyAuditMessage(bytes, signer.verifierKey)).toThrow(
          expect.objectContaining({ name: "EvidenceError" }),
        );
      },
    ),
  );
});
