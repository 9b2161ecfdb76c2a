export { thisCheckout, type Checkout } from "./checkout.ts";
export type { Finding } from "./finding.ts";
export { probeHost, type ProbeOptions } from "./probe-host.ts";
