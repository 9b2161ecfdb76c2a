/** What went wrong, for a machine. Each maps to one HTTP status and one OpenAI error type. */
export type ScriptedModelErrorCode =
  | "invalid_json"
  | "invalid_request"
  | "invalid_api_key"
  | "model_not_found"
  | "response_not_found"
  | "unknown_url"
  | "request_too_large"
  | "rate_limit_exceeded"
  | "server_error"
  | "script_outside_roots"
  | "script_not_loadable"
  | "script_failed"
  | "script_diverged"
  | "answer_invalid"
  | "tape_unreadable"
  | "tape_miss"
  | "upstream_unreachable"
  | "patch_rejected";

const STATUS: Readonly<Record<ScriptedModelErrorCode, number>> = {
  invalid_json: 400,
  invalid_request: 400,
  invalid_api_key: 401,
  model_not_found: 400,
  response_not_found: 404,
  unknown_url: 404,
  request_too_large: 413,
  rate_limit_exceeded: 429,
  server_error: 500,
  script_outside_roots: 400,
  script_not_loadable: 400,
  script_failed: 500,
  script_diverged: 500,
  answer_invalid: 500,
  tape_unreadable: 500,
  tape_miss: 404,
  upstream_unreachable: 502,
  patch_rejected: 400,
};

export interface ScriptedModelErrorInit {
  readonly code: ScriptedModelErrorCode;
  /** What was being done, what was wrong with what, and the mend. */
  readonly message: string;
  /** The request field at fault. */
  readonly param?: string;
  readonly cause?: unknown;
}

/** The one error of this package; {@link ScriptedModelError.toBody} is OpenAI's error shape. */
export class ScriptedModelError extends Error {
  override readonly name = "ScriptedModelError";
  readonly code: ScriptedModelErrorCode;
  readonly param: string | null;

  constructor(init: ScriptedModelErrorInit) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.param = init.param ?? null;
  }

  /** The HTTP status that carries this error. */
  get status(): number {
    return STATUS[this.code];
  }

  toBody(): { error: { message: string; type: string; param: string | null; code: string } } {
    return { error: { message: this.message, type: errorType(this.status), param: this.param, code: this.code } };
  }
}

function errorType(status: number): string {
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/** The text of anything thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
