import { ok, missing, type Finding } from "../finding.ts";

const LEAST_MAJOR = 24;

/** Node, which runs everything. */
export async function probeRuntime(): Promise<Finding> {
  const version = process.versions.node;
  const detail = `${version} on ${process.platform}-${process.arch} (${process.execPath})`;
  return Number.parseInt(version, 10) >= LEAST_MAJOR
    ? ok("node", detail)
    : missing("node", `${detail} is older than ${LEAST_MAJOR}`, "start with ./cofferdam, which brings one");
}
