import { LedgerFiles } from "@cofferdam/evidence";
import { decodeEnvelope, leafBytes, leafOf, logSubject, parseLogName, type Team } from "@cofferdam/run-log";
import { FileTileStore } from "@cofferdam/transparency-log";
import type { SequencedEvent, StreamMessage } from "../domain/sequencer.ts";

/** Stream messages as a ledger archived them: what it would read again. */
export async function archivedMessages(ledgerDir: string, team: Team, size: number): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = [];
  for await (const { sequence, envelope } of new LedgerFiles(new FileTileStore(ledgerDir)).events(0, size)) {
    messages.push({ sequence, subject: logSubject(parseLogName(team, subjectOf(envelope))), bytes: envelope });
  }
  return messages;
}

const subjectOf = (bytes: Uint8Array): string => {
  const decoded = decodeEnvelope(bytes);
  if (!decoded.ok) throw new TypeError(decoded.reason);
  return decoded.envelope.subject;
};

/** Events as given, in this order, whether they are valid or not: what a dishonest ledger could sequence. */
export function forced(messages: readonly StreamMessage[], team: Team): SequencedEvent[] {
  return messages.map(({ sequence, bytes }, index) => {
    const decoded = decodeEnvelope(bytes);
    if (!decoded.ok) throw new TypeError(decoded.reason);
    const { envelope } = decoded;
    return {
      index,
      sequence,
      key: parseLogName(team, envelope.subject),
      envelope,
      bytes,
      leaf: leafBytes(leafOf(envelope)),
    };
  });
}
