import { expect, test } from "@jest/globals";
import { isSecretName, secretKind } from "./secrets.ts";

test.each([
  ["-----BEGIN RSA PRIVATE KEY-----\nMIIE", "PEM"],
  ["-----BEGIN PRIVATE KEY-----", "PEM"],
  ["x sk-proj-abcdefghijklmnopqrst y", "API key"],
  ["AKIAIOSFODNN7EXAMPLE", "AWS"],
  ["github_pat_11ABCDEFG0abcdefghijkl", "GitHub"],
  ["glpat-abcdefghijklmnopqrst", "GitLab"],
  ["xoxb-1234567890-abc", "Slack"],
  [`AIza${"a".repeat(35)}`, "Google"],
  [`DefaultEndpointsProtocol=https;AccountKey=${"a".repeat(64)}==`, "Azure"],
  ["sk_live_abcdefghijklmnop", "Stripe"],
  [`eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghij`, "Web Token"],
  ["Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "authorization"],
  ["postgres://user:hunter2@db/x", "URL"],
  ["redis://:hunter2@db", "URL"],
])("%j is a credential: %s", (text, kind) => {
  expect(secretKind(text)).toContain(kind);
});

test.each([
  "file:data",
  "https://example.org/a:b@c",
  "sha256:0a0a",
  "task-list-of-the-week-is-long",
  "-----BEGIN CERTIFICATE-----",
  "Ask the Bearer of this letter",
  "https://host:8080/path?mail=a@b",
])("%j is none", (text) => {
  expect(secretKind(text)).toBeUndefined();
});

test.each(["A", "a-", "eyJ-", "eyJ", "Bearer ", "://a", "-----BEGIN ", "sk-", "AccountKey=", "a:a@", "a:"])(
  "a megabyte of %j costs no more than its length",
  (piece) => {
    const started = performance.now();
    secretKind(piece.repeat(1_000_000 / piece.length));
    expect(performance.now() - started).toBeLessThan(15_000);
  },
);

test("names that mean credentials", () => {
  expect(["API_KEY", "DB_PASSWORD", "github_token", "AWS_SECRET_ACCESS_KEY"].every(isSecretName)).toBe(true);
  expect(["TOKENS_PER_TURN", "KEYBOARD", "PASSAGE", "TZ"].some(isSecretName)).toBe(false);
});
