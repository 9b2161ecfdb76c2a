import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { ScriptedModelOptions } from "@cofferdam/scripted-model";
import { reasonOf } from "../reason.ts";
import type { Notice } from "./notice.ts";

/** What can be handed to another thread: programs are loaded there. */
export type ThreadedModelOptions = Omit<ScriptedModelOptions, "models">;

export interface ThreadedModel {
  readonly url: string;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 2_000;
/** Longest that a program may compute without a pause. */
const SILENT_MS = 20_000;
const CLOSE_MS = 2_000;

/**
 * The scripted model server in a thread of its own. Programs are people's code: one that never yields, ends the process or
 * fails outside a call must not take the control plane with it, nor keep Ctrl-C from ending it. A thread that is silent or
 * gone is started again at the same port; the calls it had are broken links, and come again as often as those may.
 */
export async function startThreadedModel(
  options: ThreadedModelOptions,
  notice: Notice,
  { silentMs = SILENT_MS, everyMs = LOOK_EVERY_MS } = {},
): Promise<ThreadedModel> {
  let thread = await startThread(options);
  const port = Number(new URL(thread.url).port);
  const closing = new AbortController();
  const kept = keep();
  return {
    url: thread.url,
    close: async () => {
      closing.abort();
      await kept;
      await thread.close();
    },
  };

  async function keep(): Promise<void> {
    for (;;) {
      const why = await Promise.race([thread.ended, silence(thread), aborted(closing.signal)]);
      if (closing.signal.aborted) return;
      notice(`the scripted model ${why}; it is started again`);
      await thread.close();
      thread = await startThread({ ...options, port });
    }
  }

  async function silence(watched: Thread): Promise<string> {
    for (;;) {
      await sleep(everyMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
      if (closing.signal.aborted || watched.over) return "";
      const heard = await Promise.race([watched.isAlive(), sleep(silentMs, false, { ref: false })]);
      if (!heard) return `has not answered for ${silentMs / 1000} s: its program computes without end`;
    }
  }
}

const aborted = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(""), { once: true }));

interface Thread {
  readonly url: string;
  /** Why it ended by itself. */
  readonly ended: Promise<string>;
  readonly over: boolean;
  isAlive(): Promise<boolean>;
  close(): Promise<void>;
}

async function startThread(options: ThreadedModelOptions): Promise<Thread> {
  const worker = new Worker(new URL("./model-thread.ts", import.meta.url), {
    workerData: options,
    execArgv: ["--conditions=@cofferdam/source", "--disable-warning=ExperimentalWarning"],
  });
  const ended = new Promise<string>((resolve) => {
    worker.once("error", (error) => resolve(`failed outside a call: ${reasonOf(error)}`));
    worker.once("exit", (code) => resolve(`ended its thread (${code})`));
  });
  let over = false;
  void ended.then(() => (over = true));
  const next = (): Promise<unknown> => new Promise((resolve) => worker.once("message", resolve));
  const first = await Promise.race([next(), ended]);
  if (!isReady(first)) throw new Error(`the scripted model does not start: ${String(first)}`);
  return {
    url: first.url,
    ended,
    get over() {
      return over;
    },
    isAlive: async () => {
      const answer = next();
      worker.postMessage("alive");
      await Promise.race([answer, ended]);
      return true;
    },
    close: async () => {
      worker.postMessage("close");
      await Promise.race([ended, sleep(CLOSE_MS, undefined, { ref: false })]);
      await worker.terminate();
    },
  };
}

const isReady = (message: unknown): message is { url: string } =>
  typeof message === "object" && message !== null && "url" in message && typeof message.url === "string";
