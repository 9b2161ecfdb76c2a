import { randomUUID } from "node:crypto";
import { evidence, manifest, run } from "@cofferdam/contracts";
import { Address, connect, readStream, rpc } from "@cofferdam/service";
import type { CallControl, CofferdamClient, EvidenceClient, OutputFile, StartRun } from "./client.ts";
import { CofferdamError } from "./errors.ts";
import { verified } from "./read-output.ts";
import { watchRun, type WatchOptions } from "./watch-run.ts";

export interface ConnectOptions {
  /** Where harness-gateway listens: `127.0.0.1:<port>`, or `unix:<path of a socket>`. */
  readonly address: string;
  /** Where provenance-ledger listens, for {@link CofferdamClient.evidence}. Default: `address`. */
  readonly evidenceAddress?: string;
}

/** A client of one installation. Connects on its first call. Throws CofferdamError `INVALID` on a malformed address. */
export function connectCofferdam(options: ConnectOptions): CofferdamClient {
  const address = parseAddress(options.address);
  const runs = connect(run.RunServiceClient, address);
  const manifests = connect(manifest.ManifestServiceClient, address);
  const ledger = connect(evidence.EvidenceServiceClient, parseAddress(options.evidenceAddress ?? options.address));
  return new GrpcClient(runs, manifests, ledger);
}

function parseAddress(text: string): Address {
  try {
    return Address(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : "malformed address";
    throw new CofferdamError({
      code: "INVALID",
      reason: "ADDRESS",
      message,
      mend: "write 127.0.0.1:<port> or unix:<path>",
      cause,
    });
  }
}

class GrpcClient implements CofferdamClient {
  readonly evidence: EvidenceClient;
  readonly #runs: run.RunServiceClient;
  readonly #manifests: manifest.ManifestServiceClient;
  readonly #ledger: evidence.EvidenceServiceClient;

  constructor(
    runs: run.RunServiceClient,
    manifests: manifest.ManifestServiceClient,
    ledger: evidence.EvidenceServiceClient,
  ) {
    this.#runs = runs;
    this.#manifests = manifests;
    this.#ledger = ledger;
    this.evidence = evidenceClient(ledger);
  }

  async startRun(request: StartRun, control?: CallControl) {
    const message = {
      idempotencyKey: request.idempotencyKey ?? randomUUID(),
      manifest: request.manifest,
      baseLocation: request.baseLocation ?? "",
      manifestPath: request.manifestPath ?? "",
      inputLocations: { ...request.inputLocations },
    };
    return call(rpc(this.#runs.startRun.bind(this.#runs), message, control));
  }

  async getRun(runId: string, control?: CallControl) {
    return call(rpc(this.#runs.getRun.bind(this.#runs), { runId }, control));
  }

  async *listRuns(options: { readonly pageSize?: number } & CallControl = {}) {
    const { pageSize = 0, ...control } = options;
    let pageToken = "";
    do {
      const request = { pageSize, pageToken };
      const page = await call(rpc(this.#runs.listRuns.bind(this.#runs), request, control));
      yield* page.runs;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  watchRun(runId: string, options: WatchOptions = {}) {
    return watchRun((signal) => readStream(this.#runs.watchRun({ runId }), signal), options);
  }

  async waitForRun(runId: string, options: WatchOptions & CallControl = {}) {
    for await (const _ of this.watchRun(runId, options));
    return this.getRun(runId, options);
  }

  async cancelRun(
    runId: string,
    options: { readonly reason?: string; readonly idempotencyKey?: string } & CallControl = {},
  ) {
    const { reason = "", idempotencyKey = randomUUID(), ...control } = options;
    await call(rpc(this.#runs.cancelRun.bind(this.#runs), { runId, reason, idempotencyKey }, control));
  }

  async outputs(runId: string, control?: CallControl) {
    return (await call(rpc(this.#runs.getOutputs.bind(this.#runs), { runId }, control))).outputs;
  }

  async *readOutput(file: OutputFile, control: CallControl = {}) {
    const { runId, output, path } = file;
    const published = (await this.outputs(runId, control)).find(({ name }) => name === output);
    const digest = published?.files.find((candidate) => candidate.path === path)?.digest;
    if (digest === undefined) {
      throw new CofferdamError({
        code: "NOT_FOUND",
        reason: "OUTPUT_NOT_FOUND",
        message: `run ${runId} has published no file ${JSON.stringify(path)} in output ${JSON.stringify(output)}`,
        mend: "list the run's outputs",
        metadata: { runId, output, path },
      });
    }
    yield* verified(readStream(this.#runs.readOutput({ runId, output, path }), control.signal), digest, path);
  }

  async validate(text: string, manifestPath = "", control?: CallControl) {
    const request = { manifest: text, manifestPath };
    return (await call(rpc(this.#manifests.validate.bind(this.#manifests), request, control))).problems;
  }

  async render(text: string, manifestPath = "", control?: CallControl) {
    const request = { manifest: text, manifestPath };
    return (await call(rpc(this.#manifests.render.bind(this.#manifests), request, control))).text;
  }

  close() {
    for (const client of [this.#runs, this.#manifests, this.#ledger]) client.close();
  }
}

function evidenceClient(ledger: evidence.EvidenceServiceClient): EvidenceClient {
  return {
    checkpoint: async (control) => call(rpc(ledger.getCheckpoint.bind(ledger), {}, control)),
    entry: async (index, control) => (await call(rpc(ledger.getEntry.bind(ledger), { index }, control))).leaf,
    proveInclusion: async (entry, control) => {
      const place = "index" in entry ? { index: entry.index, log: "", ordinal: 0 } : { ...entry, index: undefined };
      const request = { ...place, treeSize: entry.treeSize ?? 0 };
      return call(rpc(ledger.proveInclusion.bind(ledger), request, control));
    },
    proveConsistency: async (firstSize, secondSize, control) =>
      (await call(rpc(ledger.proveConsistency.bind(ledger), { firstSize, secondSize }, control))).hashes,
    awaitRun: async (runId, control) => call(rpc(ledger.awaitRun.bind(ledger), { runId }, control)),
  };
}

async function call<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw CofferdamError.from(error);
  }
}
