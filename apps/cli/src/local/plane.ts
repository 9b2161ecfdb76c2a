import type { Team } from "@cofferdam/run-log";
import type { OpenOptions } from "./open.ts";

/** What a control plane on this machine can be told at its start. */
export interface PlaneOptions {
  readonly team: Team;
  /** Faults to inject, e.g. `kill-sandbox@19`. */
  readonly chaos: readonly string[];
  /** Write the model's answers to a tape, or answer from one. */
  readonly tape?: { readonly use: "record" | "replay"; readonly path: string } | undefined;
  /** A second address for the public API, e.g. `127.0.0.1:7070`. */
  readonly listen?: string | undefined;
  /** Whether callers of that address may name files of this machine. */
  readonly listenLocalFiles?: boolean | undefined;
}

/** Options and surroundings of one start. */
export interface StartOptions extends OpenOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly checkout: string;
}

export interface RunningPlane {
  /** Address of the public API on this machine. */
  readonly gateway: string;
  close(): Promise<void>;
}
