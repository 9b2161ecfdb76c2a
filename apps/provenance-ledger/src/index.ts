export { Divergence, type DivergenceKind, LedgerError, type LedgerErrorCode } from "./errors.ts";
export { createProvenanceLedger, type ProvenanceLedger, type ProvenanceLedgerOptions } from "./service.ts";
