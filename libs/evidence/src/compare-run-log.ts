import { DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import {
  emptyState,
  fold,
  logName,
  logSubject,
  parseLogName,
  parseLogSubject,
  type RunState,
  runFilter,
  RunId,
} from "@cofferdam/run-log";
import { FileTileStore, parseVerifierKey } from "@cofferdam/transparency-log";
import { type Finding, Findings } from "./finding.ts";
import { LedgerFiles } from "./ledger-files.ts";
import { openStateRecord, STATE_PATH, type StateRecord, teamOfLedger } from "./state-record.ts";

export interface CompareOptions {
  readonly ledgerDir: string;
  readonly verifierKey: string;
  /** Only this run; every run when absent. */
  readonly run?: string | undefined;
}

export interface CompareResult {
  readonly findings: readonly Finding[];
  /** Messages of the stream that were compared. */
  readonly messages: number;
  /** Messages that the stream has and the ledger has not read. Many, on a ledger at rest, are the sign of one rolled back. */
  readonly behind: number;
}

/** Compares the archive with stream RUNS, byte for byte and in both directions, up to where the ledger has read. */
export async function compareWithRunLog(nc: NatsConnection, options: CompareOptions): Promise<CompareResult> {
  const verifier = parseVerifierKey(options.verifierKey);
  const team = teamOfLedger(verifier.name);
  const store = new FileTileStore(options.ledgerDir);
  const state = openStateRecord(Buffer.from((await store.read(STATE_PATH)) ?? "").toString(), verifier);
  const archive = await readArchive(new LedgerFiles(store), state.size, options.run);
  const findings = new Findings();
  const states = new Map<string, RunState>();
  const subjects = options.run === undefined ? undefined : runFilter(team, RunId(options.run));
  let messages = 0;
  for await (const { seq, subject, data } of messagesOf(nc, state, subjects)) {
    messages++;
    const key = parseLogSubject(subject);
    if (key.team !== team) continue;
    const folded = fold(states.get(subject) ?? emptyState(key), { sequence: seq, bytes: data });
    states.set(subject, folded.state);
    const archived = archive.get(seq);
    archive.delete(seq);
    const place = `${state.stream} ${seq}`;
    if (archived === undefined) {
      if (folded.valid) findings.add("run-log", place, `valid event of log ${logName(key)} is not in the ledger`);
    } else if (subject !== logSubject(parseLogName(team, archived.log))) {
      findings.add("run-log", place, `entry ${archived.index} was read from another log, ${archived.log}`);
    } else if (Buffer.compare(archived.envelope, data) !== 0) {
      findings.add("run-log", place, `entry ${archived.index} has other bytes than the stream`);
    }
  }
  for (const [seq, { index }] of archive)
    findings.add("run-log", `${state.stream} ${seq}`, `entry ${index} is not in the stream`);
  return { findings: findings.list, messages, behind: await behind(nc, state) };
}

async function behind(nc: NatsConnection, { stream, lastSequence }: StateRecord): Promise<number> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  return Math.max(0, (await jsm.streams.info(stream)).state.last_seq - lastSequence);
}

async function readArchive(files: LedgerFiles, size: number, run: string | undefined) {
  const archive = new Map<number, { readonly index: number; readonly log: string; readonly envelope: Uint8Array }>();
  for await (const { index, sequence, envelope } of files.events(0, size)) {
    const { subject: log } = JSON.parse(Buffer.from(envelope).toString()) as { subject: string };
    if (run === undefined || log.split("/")[0] === run) archive.set(sequence, { index, log, envelope });
  }
  return archive;
}

/** Messages of the stream up to the last that the ledger has taken in. */
async function* messagesOf(nc: NatsConnection, { stream, lastSequence }: StateRecord, subjects: string[] | undefined) {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const last = subjects === undefined ? lastSequence : await lastOf(jsm, stream, subjects, lastSequence);
  if (last === 0) return;
  const consumer = await jetstream(nc).consumers.get(stream, {
    deliver_policy: DeliverPolicy.All,
    ...(subjects === undefined ? {} : { filter_subjects: subjects }),
  });
  const messages = await consumer.consume();
  try {
    for await (const message of messages) {
      if (message.seq > lastSequence) return;
      yield message;
      if (message.seq >= last || message.info.pending === 0) return;
    }
  } finally {
    await messages.close();
  }
}

/** Sequence of the newest message with one of these subjects; 0 where there is none. */
async function lastOf(
  jsm: Awaited<ReturnType<typeof jetstreamManager>>,
  stream: string,
  subjects: readonly string[],
  limit: number,
): Promise<number> {
  const found = await Promise.all(subjects.map((subject) => jsm.streams.getMessage(stream, { last_by_subj: subject })));
  return Math.min(limit, Math.max(0, ...found.map((message) => message?.seq ?? 0)));
}
