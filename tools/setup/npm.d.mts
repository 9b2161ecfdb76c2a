import type { SetupErrorCode } from "./setup-error.ts";

export declare function npm(
  args: readonly string[],
  cwd: string,
  limitMs?: number,
): Promise<{
  readonly code: number;
  /** What npm said was wrong, in a few lines. */
  readonly reason: string;
}>;
export declare function networkArguments(attempt: number): readonly string[];
export declare function mayPass(reason: string): boolean;
export declare function npmFailure(
  doing: string,
  reason: string,
): Error & { readonly code: SetupErrorCode; readonly mend: string };
export declare const OTHER_BYTES: string;
export declare function npmEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
