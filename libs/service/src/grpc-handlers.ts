import type {
  sendUnaryData,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
} from "@grpc/grpc-js";
import { RpcError } from "./errors.ts";
import { closingSignal, noteFailure } from "./grpc-observation.ts";

export interface Call {
  /** Aborts when the caller goes away, its deadline passes, or the server closes and will wait no longer. */
  readonly signal: AbortSignal;
}

/** A unary method as services write it: a value or an RpcError. */
export function unary<Q, R>(handler: (request: Q, call: Call) => Promise<R>) {
  return (call: ServerUnaryCall<Q, R>, done: sendUnaryData<R>): void => {
    answer(() => handler(call.request, callOf(call)), done);
  };
}

/** A server-streaming method: an async generator, paced by the client's reading. */
export function serverStream<Q, R>(handler: (request: Q, call: Call) => AsyncIterable<R>) {
  return (call: ServerWritableStream<Q, R>): void => {
    void pump(call, () => handler(call.request, callOf(call)));
  };
}

/** A client-streaming method. */
export function clientStream<Q, R>(handler: (requests: AsyncIterable<Q>, call: Call) => Promise<R>) {
  return (call: ServerReadableStream<Q, R>, done: sendUnaryData<R>): void => {
    answer(() => handler(call as AsyncIterable<Q>, callOf(call)), done);
  };
}

/** A bidirectional method. */
export function duplex<Q, R>(handler: (requests: AsyncIterable<Q>, call: Call) => AsyncIterable<R>) {
  return (call: ServerDuplexStream<Q, R>): void => {
    void pump(call, () => handler(call as AsyncIterable<Q>, callOf(call)));
  };
}

/** What a handler throws before its first await is an answer as good as what it throws later. */
function answer<R>(handle: () => Promise<R>, done: sendUnaryData<R>): void {
  const handled = async (): Promise<R> => handle();
  handled().then(
    (value) => done(null, value),
    (error: unknown) => done(failed(error)),
  );
}

interface Cancellable {
  on(event: "cancelled", listener: () => void): unknown;
  readonly cancelled: boolean;
}

function callOf(call: Cancellable): Call {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  call.on("cancelled", () => controller.abort());
  const closing = closingSignal();
  return { signal: closing === undefined ? controller.signal : AbortSignal.any([controller.signal, closing]) };
}

function failed(error: unknown) {
  noteFailure(error);
  if (closingSignal()?.aborted === true) return shuttingDown().toServiceError();
  return RpcError.from(error).toServiceError();
}

/** A call that was cut short by its server is not one that its caller cancelled, and may be made again elsewhere. */
const shuttingDown = (): RpcError =>
  new RpcError({
    status: "UNAVAILABLE",
    reason: "SHUTTING_DOWN",
    message: "the server is shutting down",
    mend: "call again",
  });

/** The part of a gRPC response stream that {@link pump} uses. */
interface Outgoing<R> extends Cancellable {
  write(item: R): boolean;
  end(): void;
  emit(event: "error", error: unknown): boolean;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

async function pump<R>(call: Outgoing<R>, items: () => AsyncIterable<R>) {
  try {
    for await (const item of items()) {
      if (call.cancelled) return;
      if (!call.write(item)) await drained(call);
    }
    // An iteration that was aborted may end like one that is complete.
    if (closingSignal()?.aborted === true) throw shuttingDown();
    call.end();
  } catch (error) {
    call.emit("error", failed(error));
  }
}

function drained(call: Outgoing<never>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.off("drain", done);
      call.off("cancelled", done);
      call.off("close", done);
      resolve();
    };
    call.on("drain", done);
    call.on("cancelled", done);
    call.on("close", done);
  });
}
