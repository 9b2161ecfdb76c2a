import { thisCheckout, type Checkout } from "./checkout.ts";
import type { Finding } from "./finding.ts";
import { probeControlGroups } from "./probes/control-groups.ts";
import { probeDisk, probeMemory } from "./probes/capacity.ts";
import { probeExampleData } from "./probes/example-data.ts";
import { probeLoopback } from "./probes/loopback.ts";
import { probePackages } from "./probes/packages.ts";
import { probeProgram } from "./probes/programs.ts";
import { probeRuntime } from "./probes/runtime.ts";
import { probeSandbox } from "./probes/sandbox.ts";
import { probeUserNamespaces } from "./probes/user-namespaces.ts";
import { bubblewrap, findProgram, natsServer } from "./requirements/native-program.ts";

export interface ProbeOptions {
  /** Default: the checkout that holds this code. */
  readonly checkout?: Checkout;
  /** Where runs keep their state; its free space counts. Default: the checkout's. */
  readonly stateDir?: string;
  /** Environment to look for programs in. Default: this process'. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Finds out what this machine has and lacks for running Cofferdam, in the order a person would mend it. Tries things
 * out where trying is harmless (a program is started, a port bound, an empty sandbox run) and changes nothing. Loads
 * nothing but Node's own modules, so that it works where the set-up failed.
 */
export async function probeHost(options: ProbeOptions = {}): Promise<Finding[]> {
  const env = options.env ?? process.env;
  const checkout = options.checkout ?? thisCheckout(env);
  const bwrap = await findProgram(bubblewrap, checkout.cache, env);
  return Promise.all([
    probeRuntime(),
    probePackages(checkout),
    probeProgram(natsServer, checkout, env),
    probeProgram(bubblewrap, checkout, env),
    probeUserNamespaces(),
    probeSandbox(bwrap?.path),
    probeControlGroups(),
    probeDisk(options.stateDir ?? checkout.root),
    probeMemory(),
    probeLoopback(),
    probeExampleData(checkout),
  ]);
}
