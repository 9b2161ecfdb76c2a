import { counted } from "./render/quantity.ts";
import type { ManifestProblem } from "./render/problems.ts";

/** A manifest that was refused, with everything that is wrong with it. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
  readonly code = "MANIFEST_INVALID";
  readonly mend = "correct each of them and start again; nothing was started";
  readonly file: string;
  /** Text of the manifest. */
  readonly source: string;
  readonly problems: readonly ManifestProblem[];

  constructor(file: string, source: string, problems: readonly ManifestProblem[]) {
    super(`${file} has ${counted(problems.length, "problem")}`);
    this.file = file;
    this.source = source;
    this.problems = problems;
  }
}
