import type { VerifyFileResult, VerifyRunResult } from "@cofferdam/evidence";
import type { Paint } from "./paint.ts";
import { count, counted } from "./quantity.ts";
import { printable } from "./text.ts";

/** What a verification came to: everything that differs, or what was checked. */
export function verdictLines(run: string | undefined, result: VerifyRunResult, paint: Paint): string[] {
  const { findings, checked, skipped, runs, checkpoint } = result;
  const subject = run === undefined ? counted(runs.length, "run") : `run ${printable(run)}`;
  if (findings.length > 0 || checkpoint === undefined) {
    return [
      ...findings.map(({ kind, place, problem }) => `${paint.bad(kind)} ${printable(place)}: ${printable(problem)}`),
      `${subject}: ${paint.bad("NOT VERIFIED")}, ${counted(findings.length, "difference")}`,
    ];
  }
  return [
    `${subject}: ${paint.good("verified")}`,
    `  checkpoint of ${counted(checkpoint.size, "entry", "entries")}, root ${checkpoint.root}, signature and every tile right`,
    `  ${runs.map((one) => `${one.run} ${one.status}, ${counted(one.entries, "entry", "entries")}`).join("; ")}`,
    `  ${[
      counted(checked.events, "event"),
      counted(checked.blobs, "blob"),
      counted(checked.snapshots, "snapshot"),
      counted(checked.outputs, "output file"),
    ].join(", ")} match`,
    ...(skipped.length > 0 ? [paint.warn(`  not checked: ${skipped.join(", ")}`)] : []),
  ];
}

/** Which runs published a file, each with its proof. */
export function publicationLines(path: string, result: VerifyFileResult, paint: Paint): string[] {
  const { digest, publications } = result;
  if (publications.length === 0) {
    return [`${printable(path)}: ${paint.bad("NOT VERIFIED")}: no run published these bytes (${digest})`];
  }
  return [
    `${printable(path)}: ${paint.good("verified")} (${digest})`,
    ...publications.map(
      ({ run, output, time, index, treeSize }) =>
        `  published by run ${run} as output ${printable(output)} at ${time}, entry ${count(index)} in the checkpoint of ${count(treeSize)}`,
    ),
  ];
}
