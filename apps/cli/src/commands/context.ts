import { type Home, openHome } from "../local/home.ts";
import { openControlPlane, type OpenOptions, type StartPlane } from "../local/open.ts";
import { teamOf } from "../local/team.ts";
import { Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";

/** What a command gets from its surroundings. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv;
  /** Folder of the checkout that this command line belongs to. */
  readonly checkout: string;
  readonly terminal: Terminal;
  /** Answers are JSON, and nothing else is on standard output. */
  readonly json: boolean;
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

export type SessionOptions = Pick<OpenOptions, "mode"> & Partial<OpenOptions>;

export const homeOf = (context: CommandContext): Home => openHome(context.env, context.checkout);

/** Connects to the control plane of the home, starting one if none runs. */
export function openSession(context: CommandContext, options: SessionOptions): Promise<Session> {
  const home = homeOf(context);
  const notice = (text: string): void => context.terminal.notice(text);
  const full: OpenOptions = {
    team: teamOf(context.env),
    chaos: [],
    ...options,
  };
  return Session.start(() => openControlPlane(home, full, startPlaneOf(context), notice), notice);
}

/** Loads the services only where they are started: attaching to a control plane does not need them. */
export const startPlaneOf =
  (context: CommandContext): StartPlane =>
  async (home: Home, options, notice) => {
    const { startPlane } = await import("../local/start-plane.ts");
    return startPlane(home, { ...options, env: context.env, checkout: context.checkout }, notice);
  };
