import { StartupError } from "@cofferdam/service";

/** Which model server answers, and how. */
export interface ModelConfig {
  /** `tape` is a scripted server that replays recorded answers. */
  readonly kind: "openai" | "scripted" | "tape";
  /** Base URL of the Responses API, e.g. `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /**
   * Ask for background responses, whose answer can be fetched again after a crash of the call service itself. The
   * provider then keeps the response for a while (`store: true`), which some data policies forbid.
   */
  readonly background: boolean;
  /** The server takes a request that comes again under its `Idempotency-Key` for the same request. */
  readonly idempotent: boolean;
  /** Times that a refused or lost request is sent again. */
  readonly maxRetries: number;
}

/**
 * Only the provider's own service and the scripted server are known to offer background responses; other servers that
 * speak the API mostly do not.
 */
export const offersBackground = (kind: ModelConfig["kind"], baseUrl: string): boolean =>
  kind !== "openai" || new URL(baseUrl).hostname === "api.openai.com";

/** Reasoning models hand their reasoning back encrypted, so that it survives from turn to turn without being stored. */
export const isReasoningModel = (model: string): boolean => /^(?:o\d|gpt-5)/.test(model);

export interface ModelEnvironment {
  readonly apiKey: string | undefined;
  readonly baseUrl: string;
  /** Base URL of a scripted model server, for when there is no key. */
  readonly scriptedUrl: string | undefined;
  /** Key of that server, so that nobody else on this machine can have programs run. */
  readonly scriptedKey?: string | undefined;
  readonly background: "auto" | "on" | "off";
}

const MAX_RETRIES = 8;

/**
 * A key selects a real model; without one the scripted server, if there is one.
 *
 * @throws {StartupError} CONFIG_INVALID where no request could ever be sent with these
 */
export function modelFromEnvironment(env: ModelEnvironment): ModelConfig | undefined {
  const kind = env.apiKey === undefined ? "scripted" : "openai";
  const baseUrl = kind === "openai" ? env.baseUrl : env.scriptedUrl;
  if (baseUrl === undefined) return undefined;
  if (kind === "openai") assertUsable(env.apiKey ?? "", baseUrl);
  const background = env.background === "auto" ? offersBackground(kind, baseUrl) : env.background === "on";
  // The key of a request is sent to every server; only of the scripted one it is known that it heeds it.
  const idempotent = kind === "scripted";
  const apiKey = env.apiKey ?? env.scriptedKey ?? "scripted";
  return { kind, baseUrl, apiKey, background, idempotent, maxRetries: MAX_RETRIES };
}

function assertUsable(apiKey: string, baseUrl: string): void {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid("OPENAI_BASE_URL is not an http or https URL", "write it as https://api.openai.com/v1");
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid("OPENAI_BASE_URL carries a user or a password", "leave them out; the key goes into OPENAI_API_KEY");
  }
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw invalid("OPENAI_API_KEY holds a blank, a line break or a sign outside ASCII", "set it to the key alone");
  }
}

const invalid = (message: string, mend: string): StartupError =>
  new StartupError({ code: "CONFIG_INVALID", message, mend });
