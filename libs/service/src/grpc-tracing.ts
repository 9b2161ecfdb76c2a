import { InterceptingCall, type Interceptor, type Metadata, status } from "@grpc/grpc-js";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";

const carrier = { set: (metadata: Metadata, key: string, value: string) => metadata.set(key, value) };

/** One client span for each call, handed to the server in the call's metadata (W3C traceparent). */
export const traceCalls: Interceptor = (options, nextCall) => {
  const path = options.method_definition.path;
  const span = trace.getTracer("@cofferdam/service").startSpan(path.slice(1), { kind: SpanKind.CLIENT });
  return new InterceptingCall(nextCall(options), {
    start: (metadata, _listener, next) => {
      propagation.inject(trace.setSpan(context.active(), span), metadata, carrier);
      next(metadata, {
        onReceiveStatus: (outcome, forward) => {
          span.setAttributes({ "rpc.system": "grpc", "rpc.method": path, "rpc.grpc.status_code": outcome.code });
          if (outcome.code !== status.OK) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
          forward(outcome);
        },
      });
    },
  });
};
