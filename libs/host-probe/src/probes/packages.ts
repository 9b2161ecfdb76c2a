import type { Checkout } from "../checkout.ts";
import { missing, ok, type Finding } from "../finding.ts";
import { packagesState } from "../requirements/packages.ts";

/** The npm packages of the lock file. */
export async function probePackages({ root }: Checkout): Promise<Finding> {
  const name = "npm-packages";
  if (packagesState(root, "all") !== "missing") return ok(name, "those for running and testing, as the lock file says");
  if (packagesState(root, "run") !== "missing") return ok(name, "those for running, as the lock file says");
  const mend = "start any command of ./cofferdam while the npm registry can be reached";
  return missing(name, "not those of the lock file", mend);
}
