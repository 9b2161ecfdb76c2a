import { evidence } from "@cofferdam/contracts";
import { type Address, connect, rpc, type ServedService, unary } from "@cofferdam/service";

/** The ledger's evidence at the public address: callers need to know one place only. */
export function frontedEvidence(ledger: Address): ServedService & { close(): void } {
  const client = connect(evidence.EvidenceServiceClient, ledger);
  const forward = <Q, R>(method: Parameters<typeof rpc<Q, R>>[0], timeoutMs: number) =>
    unary((request: Q, { signal }) => rpc(method, request, { signal, timeoutMs }));
  return {
    definition: evidence.EvidenceServiceService,
    implementation: {
      getCheckpoint: forward(client.getCheckpoint.bind(client), 30_000),
      getEntry: forward(client.getEntry.bind(client), 30_000),
      proveInclusion: forward(client.proveInclusion.bind(client), 30_000),
      proveConsistency: forward(client.proveConsistency.bind(client), 30_000),
      awaitRun: forward(client.awaitRun.bind(client), 3_600_000),
    },
    close: () => client.close(),
  };
}
