import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { decodeEnvelope, encodeEnvelope, type Envelope } from "./envelope.ts";
import { emptyState, fold, foldUnder, type StoredMessage } from "./fold.ts";
import { checkChain, checkEpoch, checkIdentity, checkPlace, type PlaceRule } from "./place.ts";
import { isTerminal, type RunState } from "./state.ts";
import {
  candidate,
  type Choose,
  chooser,
  foldAll,
  randomLog,
  runSubmitted,
  sampleRun,
  sampleTask,
  sealFor,
} from "./testing/index.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const logs = seeds.map((seed) => randomLog(seed, 60));
const runs = { numRuns: 25 };

/** Everything but how many messages were ignored and where the last message stands. */
const meaning = ({ voids: _voids, head: { sequence: _sequence, ...head }, ...state }: RunState) => ({ ...state, head });

const envelopeOf = (message: StoredMessage): Envelope => {
  const decoded = decodeEnvelope(message.bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.envelope;
};

test("a log of valid events folds without voids, and always to the same state", () => {
  let longest = 0;
  fc.assert(
    fc.property(logs, (log) => {
      const state = foldAll(log.key, log.messages);
      expect(state).toEqual(log.state);
      expect(state.voids).toBe(0);
      expect(state.head.ordinal).toBe(log.messages.length);
      longest = Math.max(longest, log.messages.length);
    }),
    runs,
  );
  expect(longest).toBeGreaterThan(40);
});

/** What no honest engine delivers at a place: nonsense, repetitions, and edited copies of messages of the log. */
function intruder(messages: readonly StoredMessage[], at: number, choose: Choose): Uint8Array {
  // The very next message is none, and the one after the last is not there.
  const others = messages.filter((m) => m.sequence !== at + 1);
  const copy = others[choose(others.length)];
  if (copy === undefined) throw new Error("a log of one message");
  const e = envelopeOf(copy);
  const named = (change: Pick<Envelope, "owner" | "epoch">) => ({
    ...change,
    id: `${e.subject}#${e.ordinal}@${change.epoch}:${change.owner}`,
  });
  const edits: readonly object[] = [
    named({ owner: "mallory", epoch: e.epoch }),
    named({ owner: e.owner, epoch: e.epoch + 2 }),
    { prevdigest: e.datadigest },
    { subject: "another-run" },
    { source: "/cofferdam/other/test" },
    { data: { injected: true } },
  ];
  const edit = edits[choose(edits.length + 2)];
  if (edit !== undefined) return encodeEnvelope({ ...e, ...edit });
  return choose(2) === 0 ? copy.bytes : Uint8Array.from({ length: choose(300) }, () => choose(256));
}

test("a void message anywhere changes nothing but the count", () => {
  fc.assert(
    fc.property(logs, fc.nat(), seeds, (log, where, seed) => {
      const at = where % (log.messages.length + 1);
      const messages = [...log.messages];
      messages.splice(at, 0, { sequence: 0, bytes: intruder(log.messages, at, chooser(seed)) });
      const state = foldAll(
        log.key,
        messages.map((m, i) => ({ ...m, sequence: i + 1 })),
      );
      expect(meaning(state)).toEqual(meaning(log.state));
      expect(state.voids).toBe(1);
      expect(state.head.sequence).toBe(messages.length);
    }),
    { numRuns: 40 },
  );
});

test("after a byte flipped, a message dropped or two swapped nothing that follows is valid", () => {
  const damage = fc.record({
    log: logs,
    where: fc.nat(),
    how: fc.constantFrom("flip", "drop", "swap"),
    byte: fc.nat(),
    bit: fc.nat(7),
  });
  fc.assert(
    fc.property(damage, ({ log, where, how, byte, bit }) => {
      const messages = [...log.messages];
      const at = where % (messages.length - 1);
      const [first, second] = [messages[at], messages[at + 1]];
      if (first === undefined || second === undefined) throw new Error("a log too short");
      if (how === "drop") messages.splice(at, 1);
      if (how === "swap") messages.splice(at, 2, second, first);
      if (how === "flip") {
        const bytes = Uint8Array.from(first.bytes);
        const i = byte % bytes.length;
        bytes[i] = (bytes[i] ?? 0) ^ (1 << bit);
        messages[at] = { ...first, bytes };
      }
      let state = emptyState(log.key);
      let validAfter = 0;
      for (const [i, message] of messages.entries()) {
        const folded = fold(state, { ...message, sequence: i + 1 });
        ({ state } = folded);
        // What says itself what is wrong in it (its time, say) may be believed; what follows names its digest.
        if (folded.valid && i >= at + (how === "drop" ? 0 : how === "flip" ? 1 : 2)) validAfter++;
      }
      expect(validAfter).toBe(0);
      expect(state.head.ordinal).toBeLessThanOrEqual(at + 1);
    }),
    { numRuns: 60 },
  );
});

interface Race {
  /** Owners of valid events that another had taken the log from. */
  readonly zombies: number;
  /** Places at which two events were taken for valid. */
  readonly doubles: number;
}

/**
 * Three writers on one log that nobody guards: each reads now and then, claims now and then, and writes what it thinks is
 * next, with the epoch it once got, even when it has seen that another claimed since.
 */
function race(seed: number, rule: PlaceRule): Race {
  const choose = chooser(seed);
  let state = emptyState(sampleRun);
  let sequence = 0;
  const store = (bytes: Uint8Array) => {
    const folded = foldUnder(rule, state, { sequence: ++sequence, bytes });
    ({ state } = folded);
    return folded;
  };
  store(sealFor(state, { type: "run.submitted", data: runSubmitted() }, { owner: "gateway", epoch: 0 }));
  const writers = ["a", "b", "c"].map((owner) => ({ owner, epoch: -1, view: state }));
  let owner = "";
  let zombies = 0;
  let doubles = 0;
  const places = new Set<number>();
  for (let i = 0; i < 120 && !isTerminal(state); i++) {
    const writer = writers[choose(3)];
    if (writer === undefined) throw new Error("no writer");
    if (choose(3) > 0) writer.view = state;
    const claims = writer.epoch < 0 || choose(6) === 0;
    const epoch = claims ? writer.view.head.epoch + 1 : writer.epoch;
    const event = claims
      ? ({ type: "run.claimed", data: { epoch, owner: writer.owner } } as const)
      : candidate(writer.view, choose);
    if (event.type === "run.failed" || event.type === "run.cancelled") continue;
    const folded = store(sealFor(writer.view, event, { owner: writer.owner, epoch }));
    if (!folded.valid) continue;
    if (places.has(folded.envelope.ordinal)) doubles++;
    places.add(folded.envelope.ordinal);
    if (claims) {
      ({ owner } = writer);
      writer.epoch = epoch;
    } else if (writer.owner !== owner || epoch !== Math.max(...writers.map((w) => w.epoch))) zombies++;
  }
  return { zombies, doubles };
}

test("of writers that race on an unguarded log at most one is believed", () => {
  fc.assert(
    fc.property(seeds, (seed) => expect(race(seed, checkPlace)).toEqual({ zombies: 0, doubles: 0 })),
    { numRuns: 60 },
  );
});

const withoutEpoch: PlaceRule = (s, l) => checkIdentity(s, l) ?? checkChain(s, l);
const withoutChain: PlaceRule = (s, l) => checkIdentity(s, l) ?? checkEpoch(s, l);
const races = (rule: PlaceRule) => Array.from({ length: 30 }, (_, seed) => race(seed, rule));

test("negative control: without the epoch a zombie is believed, without the chain one place is filled twice", () => {
  expect(races(withoutEpoch).some((r) => r.zombies > 0)).toBe(true);
  expect(races(withoutChain).some((r) => r.doubles > 0)).toBe(true);
});

test("reading never throws, whatever the bytes are", () => {
  const lone = '{"specversion":"1.0","id":"\\ud800"}';
  for (const text of ["", "null", "[]", lone, "1e999", "[".repeat(100_000), "\ufeff{}"]) {
    expect(decodeEnvelope(Buffer.from(text)).ok).toBe(false);
  }
  expect(decodeEnvelope(Uint8Array.of(0x22, 0xff, 0x22)).ok).toBe(false);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => expect(decodeEnvelope(bytes).ok).toBe(false)));
  fc.assert(fc.property(fc.json(), (text) => expect(decodeEnvelope(Buffer.from(text)).ok).toBe(false)));
});

test("an event that only a newer version knows is void and flagged, one of a fenced writer is not flagged", () => {
  const log = randomLog(3, 10);
  const bytes = sealFor(
    log.state,
    { type: "command.accepted", data: { commandId: "z", command: "x", principal: "" } },
    log.state.head,
  );
  const rename = (b: Uint8Array) =>
    Buffer.from(Buffer.from(b).toString().replace("cofferdam.command.accepted", "cofferdam.run.paused"));
  const newer = fold(log.state, { sequence: 99, bytes: rename(bytes) });
  expect(newer).toMatchObject({ valid: false, state: { unknownTypes: ["cofferdam.run.paused"] } });
  const stale = sealFor(
    log.state,
    { type: "command.accepted", data: { commandId: "z", command: "x", principal: "" } },
    { owner: "zombie", epoch: 0 },
  );
  expect(fold(log.state, { sequence: 99, bytes: rename(stale) }).state.unknownTypes).toEqual([]);
});

test("the bytes of one log are void in another", () => {
  const log = randomLog(5, 20);
  const other = { ...sampleRun, run: sampleTask({ taskId: "x", attempt: 1 }).run };
  const elsewhere = log.key.task === undefined ? sampleTask({ taskId: "t001", attempt: 1 }) : other;
  const state = foldAll(elsewhere, log.messages);
  expect(state.status).toBe("absent");
  expect(state.voids).toBe(log.messages.length);
});
