import type { events, evidence, manifest, run } from "@cofferdam/contracts";
import type { WatchedEvent } from "./watched-event.ts";

export interface CallControl {
  /** Gives the call up: it rejects with code `CANCELLED`. What the service has accepted goes on. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which a unary call rejects with `UNAVAILABLE`. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface StartRun {
  /** Text of the manifest, YAML or JSON. */
  readonly manifest: string;
  /** Absolute folder that relative `file:` locations start from. Only a gateway on this machine takes it. */
  readonly baseLocation?: string;
  /** Name of the manifest's file in messages. */
  readonly manifestPath?: string;
  /** By input name: a location that replaces its `from`, so that one manifest serves many data sets. */
  readonly inputLocations?: Readonly<Record<string, string>>;
  /**
   * Names this request among all of yours. The same key with the same manifest is the same run, however often and from
   * wherever it is sent, so repeat a request that failed with class `retryable` under its key. Default: a random one,
   * which makes each call a run of its own.
   */
  readonly idempotencyKey?: string;
}

export interface StartedRun {
  readonly runId: string;
  /** False where the idempotency key had started it before. */
  readonly created: boolean;
}

/**
 * Runs agents over governed workspaces, from a program of yours.
 *
 * Every method rejects with {@link CofferdamError} only. Async iterables may be left at any time (`break`, `return`): what
 * they hold is let go. Calls are never repeated behind your back, with one exception: {@link watchRun} picks a broken
 * stream up again, which has no effect on the run.
 *
 * @example
 * const client = connectCofferdam({ address: "127.0.0.1:7233" });
 * const { runId } = await client.startRun({ manifest: await readFile("manifest.yaml", "utf8"), baseLocation: process.cwd() });
 * for await (const event of client.watchRun(runId)) console.log(event.log, event.type);
 * for (const output of await client.outputs(runId)) console.log(output.name, output.location);
 * client.close();
 */
export interface CofferdamClient {
  /** Submits a manifest. When this resolves, the run is durable: it will end exactly once, whatever dies meanwhile. */
  startRun(request: StartRun, control?: CallControl): Promise<StartedRun>;

  /** A run as its logs add up to it now. Rejects with `NOT_FOUND` where there is none. */
  getRun(runId: string, control?: CallControl): Promise<run.Run>;

  /** All runs of the team, newest first, fetched page by page as the loop goes on. `pageSize` is a hint, at most 1,000. */
  listRuns(options?: { readonly pageSize?: number } & CallControl): AsyncIterable<run.Run>;

  /**
   * Every valid event of a run and its tasks, from the first one on, as they happen; ends after the run's last event.
   *
   * A stream that breaks is opened anew and goes on where it stopped: each event comes exactly once, and those of one log
   * in their order, however often the connection is lost. It gives up with class `retryable` after `patienceMs` (default
   * 60,000) without progress against a service that fails, or at once on an error that repeating cannot mend.
   */
  watchRun(runId: string, options?: { readonly patienceMs?: number } & CallControl): AsyncIterable<WatchedEvent>;

  /** Watches until the run has ended, however it ended, and returns it. */
  waitForRun(runId: string, options?: { readonly patienceMs?: number } & CallControl): Promise<run.Run>;

  /** Asks a run to end. Resolves when the request is durable; the run ends at its next safe point. Idempotent. */
  cancelRun(
    runId: string,
    options?: { readonly reason?: string; readonly idempotencyKey?: string } & CallControl,
  ): Promise<void>;

  /** What a run has published: names, places and digests of the files. Empty before it ends. */
  outputs(runId: string, control?: CallControl): Promise<readonly events.PublishedOutput[]>;

  /**
   * The bytes of one published file, in pieces. When they have all come, their SHA-256 has been compared with the digest
   * that the run recorded: a difference is an error with reason `OUTPUT_CHANGED` instead of a clean end.
   */
  readOutput(file: OutputFile, control?: CallControl): AsyncIterable<Uint8Array>;

  /** Problems of a manifest, all at once; empty when it is valid. Nothing runs and no input is read. */
  validate(text: string, manifestPath?: string, control?: CallControl): Promise<readonly manifest.Problem[]>;

  /** The words in which the agent is told about its workspace. */
  render(text: string, manifestPath?: string, control?: CallControl): Promise<string>;

  /** Evidence of what happened, for those who verify it. */
  readonly evidence: EvidenceClient;

  /** Closes the connection. Calls in progress fail. */
  close(): void;
}

/** Names one file of one output of one run. */
export interface OutputFile {
  readonly runId: string;
  /** The output's name in the manifest. */
  readonly output: string;
  /** The file's path as {@link CofferdamClient.outputs} gives it. */
  readonly path: string;
}

/** The transparency log over all events; see RFC 6962 and C2SP tlog-checkpoint. Proofs are for a verifier to check. */
export interface EvidenceClient {
  /** The newest signed checkpoint. */
  checkpoint(control?: CallControl): Promise<evidence.GetCheckpointResponse>;
  /** The leaf at an index: canonical JSON of an event's envelope without its body. */
  entry(index: number, control?: CallControl): Promise<Uint8Array>;
  /** Proof that an event is in the log: by index, or by its own log and ordinal. `treeSize` 0 is the newest checkpoint. */
  proveInclusion(
    entry: ({ readonly index: number } | { readonly log: string; readonly ordinal: number }) & {
      readonly treeSize?: number;
    },
    control?: CallControl,
  ): Promise<evidence.ProveInclusionResponse>;
  /** Proof that the log of `firstSize` entries is a prefix of that of `secondSize`. Hashes of 32 bytes. */
  proveConsistency(firstSize: number, secondSize: number, control?: CallControl): Promise<readonly Uint8Array[]>;
  /** Resolves once every event of an ended run is under a signed checkpoint. */
  awaitRun(runId: string, control?: CallControl): Promise<evidence.AwaitRunResponse>;
}
