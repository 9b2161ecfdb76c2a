import { systemCode } from "./file-error.ts";
import { dottedPath, type Problem, type ProblemReason } from "./problem.ts";

/** Problems of one reason that are spelled out. */
const MAX_SAME = 10;

/** Collects what is wrong with one input; of many alike it keeps the first. */
export class InputProblems {
  readonly list: Problem[] = [];
  readonly #name: string;
  readonly #counts = new Map<ProblemReason, number>();

  constructor(name: string) {
    this.#name = name;
  }

  /** `field` is below the input, dotted: `limits.bytes`. */
  add(reason: ProblemReason, field: string, message: string, mend: string): void {
    const n = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, n);
    if (n > MAX_SAME) return;
    const path = dottedPath(["spec", "inputs", this.#name, ...field.split(".")]);
    const more = n === MAX_SAME ? " (and perhaps more)" : "";
    this.list.push({ path, line: 0, column: 0, reason, message: message + more, mend });
  }

  /** Says why a path could not be read; throws on what is no error of the system. */
  addUnreadable(error: unknown, field: string, path: string): void {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (code === "ENOENT" || code === "ENOTDIR") {
      return this.add("INPUT_MISSING", field, `there is no ${path}`, "create it, or correct the path");
    }
    const why = code === "EACCES" || code === "EPERM" ? "permission denied" : code;
    this.add("INPUT_UNREADABLE", field, `${path} cannot be read: ${why}`, "let the harness read it");
  }
}
