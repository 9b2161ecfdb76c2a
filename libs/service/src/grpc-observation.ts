import { AsyncLocalStorage } from "node:async_hooks";
import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import {
  context,
  type Context,
  metrics,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { Logger } from "./log.ts";

const SCOPE = "@cofferdam/service";

interface Handled {
  /** What the handler threw: gRPC carries only a status onwards. */
  failure: unknown;
  /** Aborts when the server no longer waits for its calls. */
  readonly closing: AbortSignal;
}

/** The call that is being handled. */
const handling = new AsyncLocalStorage<Handled>();

/** Aborts when the server of the call that is being handled no longer waits for it. */
export const closingSignal = (): AbortSignal | undefined => handling.getStore()?.closing;

/** Keeps the error behind a status for the log line of the call. */
export function noteFailure(error: unknown): void {
  const call = handling.getStore();
  if (call !== undefined) call.failure = error;
}

const carrier = {
  get: (metadata: Metadata, key: string) => metadata.get(key)[0]?.toString(),
  keys: (metadata: Metadata) => Object.keys(metadata.getMap()),
};

/** Statuses that mean a defect on this side; the others are answers. */
const DEFECTS: ReadonlySet<status> = new Set([status.INTERNAL, status.UNKNOWN, status.DATA_LOSS]);

/**
 * Observes each call that a server handles: one span that continues the caller's trace (W3C traceparent), one measurement
 * of `rpc.server.duration`, one log line with method, status and duration. Bodies are never looked at.
 */
export function observeCalls(logger: Logger, closing: AbortSignal): ServerInterceptor {
  const durations = metrics.getMeter(SCOPE).createHistogram("rpc.server.duration", { unit: "ms" });
  return (method, call) => {
    const begin = performance.now();
    const state: Handled & { span?: Span; context: Context; ended: boolean } = {
      failure: undefined,
      closing,
      context: context.active(),
      ended: false,
    };
    const within = <T>(run: () => T): T => handling.run(state, () => context.with(state.context, run));
    const end = (code: status): void => {
      if (state.ended) return;
      state.ended = true;
      const durationMs = performance.now() - begin;
      const attributes = { "rpc.system": "grpc", "rpc.method": method.path, "rpc.grpc.status_code": code };
      durations.record(durationMs, attributes);
      state.span?.setAttributes(attributes);
      if (DEFECTS.has(code)) state.span?.setStatus({ code: SpanStatusCode.ERROR });
      state.span?.end();
      const fields = { method: method.path, status: status[code], duration_ms: Math.round(durationMs) };
      if (DEFECTS.has(code)) logger.error({ ...fields, err: state.failure }, "call failed");
      else logger.debug(fields, "call");
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => {
            const parent = propagation.extract(context.active(), metadata, carrier);
            state.span = trace.getTracer(SCOPE).startSpan(method.path.slice(1), { kind: SpanKind.SERVER }, parent);
            state.context = trace.setSpan(parent, state.span);
            within(() => forward(metadata));
          },
          onReceiveMessage: (message, forward) => within(() => forward(message)),
          onReceiveHalfClose: (forward) => within(forward),
          onCancel: () => end(status.CANCELLED),
        }),
      sendStatus: (outcome, next) => {
        end(outcome.code ?? status.UNKNOWN);
        next(outcome);
      },
    });
  };
}
