import type { Checkout } from "../checkout.ts";
import { ok, type Finding } from "../finding.ts";
import { dataReady, examplesWithData } from "../requirements/example-data.ts";

/** The examples' input, which is fetched when an example is first run. */
export async function probeExampleData(checkout: Checkout): Promise<Finding> {
  const examples = examplesWithData(checkout).map((example) => {
    return `${example.name} ${dataReady(checkout, example) ? "is here" : "is fetched when it is first run"}`;
  });
  return ok("example-data", examples.join(", ") || "no example needs any");
}
