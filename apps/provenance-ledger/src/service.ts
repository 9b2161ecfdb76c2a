import { randomBytes } from "node:crypto";
import type { NatsConnection } from "@nats-io/nats-core";
import { ledgerName, teamOfLedger } from "@cofferdam/evidence";
import { ensureStreams, type Team } from "@cofferdam/run-log";
import { type Address, type Logger, serveGrpc, type Service } from "@cofferdam/service";
import { loadOrCreateKeyFile } from "@cofferdam/transparency-log";
import { AuditPublisher } from "./adapters/audit-publisher.ts";
import { evidenceService } from "./adapters/evidence-service.ts";
import { lockFolder } from "./adapters/folder-lock.ts";
import { LedgerError } from "./errors.ts";
import { Ledger } from "./ledger.ts";

export interface ProvenanceLedgerOptions {
  /** Where EvidenceService listens. */
  readonly address: Address;
  readonly nc: NatsConnection;
  /** Holds the ledger; see docs/decisions/0040-ledger-files.md. */
  readonly dataDir: string;
  readonly team: Team;
  /** Signing key, made with mode 0600 where there is none. */
  readonly keyFile: string;
  readonly logger: Logger;
}

export interface ProvenanceLedger extends Service {
  readonly address: Address;
  /** C2SP verifier key: what `verify` and auditors need. */
  readonly verifierKey: string;
}

/**
 * Starts the ledger of a team. It listens once what is on disk has been checked. Throws LedgerError `DAMAGED` or
 * `IN_USE`, RpcError for the address, TransparencyLogError `KEY` for the key file.
 */
export async function createProvenanceLedger(options: ProvenanceLedgerOptions): Promise<ProvenanceLedger> {
  const { address, nc, dataDir, team, keyFile, logger } = options;
  const signer = loadOrCreateKeyFile(keyFile, () => ledgerName(team, randomBytes(4).toString("hex")));
  if (teamOfLedger(signer.name) !== team) {
    throw new LedgerError("DAMAGED", `key file ${keyFile} is of ${signer.name}`, `give the key of team ${team}`);
  }
  const lock = lockFolder(dataDir);
  const stopping = new AbortController();
  try {
    await ensureStreams(nc);
    const ledger = await Ledger.open({ nc, folder: dataDir, team, signer, logger });
    const audit = new AuditPublisher({
      nc,
      folder: dataDir,
      team,
      logger,
      files: ledger.files,
      state: () => ledger.state,
    });
    ledger.onChange(() => audit.notify());
    const server = await serveGrpc(address, [evidenceService(ledger, signer)], logger);
    const { signal } = stopping;
    const work = Promise.all([ledger.run(signal), audit.run(signal)]);
    let closing: Promise<void> | undefined;
    const close = async () => {
      stopping.abort();
      await server.close();
      await work;
      ledger.index.close();
      lock.release();
    };
    return { address: server.address, verifierKey: signer.verifierKey, close: () => (closing ??= close()) };
  } catch (error) {
    lock.release();
    throw error;
  }
}
