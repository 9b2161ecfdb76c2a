import { expect, test } from "@jest/globals";
import { Team } from "@cofferdam/run-log";
import { generateSigner, signNote } from "@cofferdam/transparency-log";
import { ledgerName, openStateRecord, signStateRecord, type StateRecord, teamOfLedger } from "./state-record.ts";

const signer = generateSigner(ledgerName(Team("acme"), "abc"));
const record: StateRecord = {
  version: 1,
  team: Team("acme"),
  stream: "RUNS",
  firstSequence: 3,
  lastSequence: 9,
  lastMessage: "sha256:00",
  size: 7,
  archive: ["aGFzaA=="],
  checkpoint: "origin\n7\nroot\n\n— key sig\n",
};

test("a record comes back from its note, and no flipped bit goes unseen", () => {
  const note = Buffer.from(signStateRecord(record, signer));
  expect(openStateRecord(note.toString(), signer)).toEqual(record);
  for (let at = 0; at < note.length; at++) {
    const flipped = Buffer.from(note);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
    expect(() => openStateRecord(flipped.toString(), signer)).toThrow("");
  }
});

test("a signed note that is no state record is refused", () => {
  const bodies = [
    "",
    "{}",
    "[]",
    "null",
    "x",
    JSON.stringify({ ...record, size: -1 }),
    JSON.stringify({ ...record, version: 2 }),
  ];
  for (const body of bodies) {
    expect(() => openStateRecord(signNote(`${signer.name}/state\n${body}\n`, signer), signer)).toThrow("not readable");
  }
  expect(() => openStateRecord(signNote(`other/state\n${JSON.stringify(record)}\n`, signer), signer)).toThrow(
    "not readable",
  );
});

test("a ledger's name names its team", () => {
  expect(teamOfLedger(signer.name)).toBe("acme");
  for (const name of ["example.com/x", "cofferdam.dev/ledger/acme", "cofferdam.dev/ledger/ACME/x"]) {
    expect(() => teamOfLedger(name)).toThrow("");
  }
});
