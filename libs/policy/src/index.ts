export { createManifestPolicy, type ManifestGrant } from "./manifest-policy.ts";
export { createPolicySet, type Policy } from "./policy-set.ts";
export {
  type CallTool,
  type EntityRef,
  formatEntity,
  type PolicyDecision,
  type PolicyEngine,
  type PolicyRequest,
  type PublishOutput,
} from "./request.ts";
