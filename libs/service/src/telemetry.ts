import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { StartupError } from "./startup-error.ts";

export interface Telemetry {
  /** Sends what is buffered. */
  shutdown(): Promise<void>;
}

const SDK = "@opentelemetry/sdk-node";

/** The part of `@opentelemetry/sdk-node` that is used here. */
interface SdkModule {
  readonly NodeSDK: new (options: { serviceName: string }) => { start(): void; shutdown(): Promise<void> };
}

/**
 * Spans and measurements go through `@opentelemetry/api` everywhere and cost next to nothing until an SDK is registered.
 * That happens here, when an OTLP endpoint is configured; its other settings are the SDK's own OTEL_* variables. The SDK
 * is not installed with Cofferdam: it is large, and only those who export need it.
 *
 * @throws {StartupError} `TELEMETRY_SDK_MISSING`
 */
export async function startTelemetry(service: string, instance: string, endpoint?: string): Promise<Telemetry> {
  if (endpoint === undefined) return { shutdown: async () => undefined };
  process.env["OTEL_RESOURCE_ATTRIBUTES"] ??= `service.instance.id=${instance}`;
  const { NodeSDK } = await importSdk(endpoint);
  const sdk = new NodeSDK({ serviceName: `cofferdam-${service}` });
  sdk.start();
  return { shutdown: () => sdk.shutdown() };
}

async function importSdk(endpoint: string): Promise<SdkModule> {
  let path: string;
  try {
    path = createRequire(import.meta.url).resolve(SDK);
  } catch (cause) {
    throw new StartupError({
      code: "TELEMETRY_SDK_MISSING",
      message: `OTEL_EXPORTER_OTLP_ENDPOINT is ${endpoint}, and the package ${SDK} that would send there is not installed`,
      mend: `install it beside Cofferdam (npm install ${SDK}), or unset OTEL_EXPORTER_OTLP_ENDPOINT`,
      cause,
    });
  }
  return await import(pathToFileURL(path).href);
}
