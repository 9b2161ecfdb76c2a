/**
 * The system's code of an error (`ENOENT`, …), or undefined for any other. By shape, not by class: an error of the
 * runtime is no `instanceof Error` of a test's realm.
 */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
