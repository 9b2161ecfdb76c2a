/** What a text says without the key: what is recorded stays for ever, and a key must not. */
export const withoutKey = (text: string, key: string): string => (key === "" ? text : text.replaceAll(key, "[key]"));

/** A base URL as it may be shown: without the query that it may carry. */
export function shownUrl(baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  return origin + (pathname === "/" ? "" : pathname);
}

/** Why no answer came, as the system says it: `cannot be reached: ECONNREFUSED`. */
export function connectionProblem(error: unknown): string {
  const code = deepestCode(error);
  return code === undefined ? "broke the connection" : `cannot be reached: ${code}`;
}

/** Clients wrap what the system said; a connection tried at several addresses fails with all their errors. */
function deepestCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const inner = "errors" in error && Array.isArray(error.errors) ? error.errors[0] : undefined;
  const deeper = deepestCode(inner ?? ("cause" in error ? error.cause : undefined));
  if (deeper !== undefined) return deeper;
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}
