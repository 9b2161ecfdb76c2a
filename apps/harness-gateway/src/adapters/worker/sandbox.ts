import { Metadata } from "@grpc/grpc-js";
import type { sandbox } from "@cofferdam/contracts";
import { callOptions, readStream, rpc, RpcError } from "@cofferdam/service";
import { patiently } from "../patience.ts";

/** Bytes of a command's output that the harness keeps: more than any model is told. */
export const OUTPUT_BYTES = 1 << 20;

export interface ExecRequest {
  readonly execId: string;
  readonly argv: readonly string[];
  readonly workdir: string;
  readonly step: number;
  readonly timeoutMs: number;
}

export interface ExecOutcome {
  readonly output: string;
  readonly outcome: sandbox.ExecOutcome;
}

/** One leased sandbox, as the worker uses it. Every call names the holder, so that a stale worker is refused. */
export class SandboxHandle {
  readonly id: string;
  readonly #client: sandbox.SandboxServiceClient;
  readonly #holder: sandbox.Holder;
  readonly #signal: AbortSignal;

  constructor(id: string, client: sandbox.SandboxServiceClient, holder: sandbox.Holder, signal: AbortSignal) {
    this.id = id;
    this.#client = client;
    this.#holder = holder;
    this.#signal = signal;
  }

  /** Runs a command, or learns how it ended if it ran before under this key. */
  exec(request: ExecRequest): Promise<ExecOutcome> {
    return patiently(() => this.#exec(request), this.#signal);
  }

  async #exec(request: ExecRequest): Promise<ExecOutcome> {
    const call = this.#client.exec(new Metadata(), callOptions({ timeoutMs: request.timeoutMs + 60_000 }));
    call.write({
      request: {
        $case: "start",
        value: {
          holder: this.#holder,
          sandboxId: this.id,
          execId: request.execId,
          argv: [...request.argv],
          workdir: request.workdir,
          environment: {},
          timeoutMs: request.timeoutMs,
          step: request.step,
        },
      },
    });
    call.end();
    const chunks: Buffer[] = [];
    let outcome: sandbox.ExecOutcome | undefined;
    for await (const { response } of readStream(call, this.#signal)) {
      if (response?.$case === "outcome") outcome = response.value;
      else if (response !== undefined) chunks.push(Buffer.from(response.value));
    }
    if (outcome === undefined)
      throw new RpcError({
        status: "UNAVAILABLE",
        reason: "UNAVAILABLE",
        message: "the broker ended an execution without an outcome",
      });
    return { output: Buffer.concat(chunks).toString("utf8"), outcome };
  }

  async readFile(path: string, maxBytes: number): Promise<Buffer> {
    return patiently(async () => {
      const chunks: Buffer[] = [];
      const call = this.#client.readFile({ holder: this.#holder, sandboxId: this.id, path, maxBytes });
      for await (const { data } of readStream(call, this.#signal)) chunks.push(Buffer.from(data));
      return Buffer.concat(chunks);
    }, this.#signal);
  }

  async writeFiles(execId: string, changes: sandbox.FileChange[]): Promise<void> {
    const request = { holder: this.#holder, sandboxId: this.id, execId, changes };
    await patiently(
      () => rpc(this.#client.writeFiles.bind(this.#client), request, { timeoutMs: 60_000 }),
      this.#signal,
    );
  }

  checkpoint(parentDigest: string): Promise<sandbox.CheckpointResponse> {
    const request = { holder: this.#holder, sandboxId: this.id, parentDigest };
    const options = { timeoutMs: 600_000 };
    return patiently(() => rpc(this.#client.checkpoint.bind(this.#client), request, options), this.#signal);
  }

  async renew(leaseMs: number): Promise<void> {
    await rpc(this.#client.renew.bind(this.#client), { holder: this.#holder, sandboxId: this.id, leaseMs });
  }

  /** Takes a signal of its own, since a sandbox is also released when its task's signal has aborted. */
  async release(signal: AbortSignal): Promise<void> {
    const request = { holder: this.#holder, sandboxId: this.id };
    await patiently(() => rpc(this.#client.release.bind(this.#client), request), signal);
  }
}

/** The sandbox is gone; its run is not: another continues from the last checkpoint. */
export const isLost = (error: unknown): boolean => error instanceof RpcError && error.reason === "SANDBOX_LOST";
