import { run } from "@cofferdam/contracts";
import type { ReportData } from "./report-data.ts";

/** The report for machines: the run in its proto3 JSON form, and beside it what was counted and checked. */
export function reportJson(data: ReportData): object {
  const { execution, totals, ledger } = data;
  return {
    run: run.Run.toJSON(data.run),
    execution,
    totals,
    model: { name: data.run.model, scripted: data.run.model.startsWith("scripted:") },
    ledger,
  };
}
