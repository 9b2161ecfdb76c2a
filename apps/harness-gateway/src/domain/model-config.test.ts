import { expect, test } from "@jest/globals";
import { modelFromEnvironment } from "./model-config.ts";

const from = (apiKey: string | undefined, baseUrl: string) =>
  modelFromEnvironment({ apiKey, baseUrl, scriptedUrl: "http://127.0.0.1:1", background: "auto" });

test("a key selects the real model, and only the provider's own service is asked in the background", () => {
  expect(from("sk-1", "https://api.openai.com/v1")).toMatchObject({ kind: "openai", background: true });
  expect(from("sk-1", "http://127.0.0.1:8000/v1")).toMatchObject({ kind: "openai", background: false });
  expect(from(undefined, "nonsense")).toMatchObject({ kind: "scripted", baseUrl: "http://127.0.0.1:1" });
});

test.each([
  ["sk-1", "nonsense", "OPENAI_BASE_URL is not"],
  ["sk-1", "ftp://example.com", "OPENAI_BASE_URL is not"],
  ["sk-1", "https://someone:hush@example.com/v1", "OPENAI_BASE_URL carries"],
  ["sk-1\n", "https://example.com/v1", "OPENAI_API_KEY holds"],
])("key %j with server %j is refused at the start, and neither is shown", (apiKey, baseUrl, problem) => {
  expect(() => from(apiKey, baseUrl)).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(problem) }),
  );
  expect(() => from(apiKey, baseUrl)).not.toThrow(/sk-1|hush/);
});
