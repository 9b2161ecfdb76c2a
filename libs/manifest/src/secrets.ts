interface SecretShape {
  readonly kind: string;
  readonly shape: RegExp;
}

/**
 * Shapes of credentials that their issuers document, anywhere in a text. What may repeat before a shape is decided has a
 * bound, so that no text costs more than its length.
 */
const shapes: readonly SecretShape[] = [
  { kind: "a private key in PEM form", shape: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----/ },
  { kind: "an OpenAI or Anthropic API key", shape: /\bsk-[A-Za-z0-9_-]{16,}/ },
  { kind: "an AWS access key id", shape: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/ },
  { kind: "a GitHub token", shape: /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/ },
  { kind: "a GitLab token", shape: /\bglpat-[A-Za-z0-9_-]{20,}/ },
  { kind: "a Slack token", shape: /\bxox[abposr]-[A-Za-z0-9-]{10,}/ },
  { kind: "a Google API key", shape: /\bAIza[A-Za-z0-9_-]{35}/ },
  { kind: "a Google OAuth token", shape: /\bya29\.[A-Za-z0-9_-]{20,}/ },
  { kind: "an Azure storage key", shape: /AccountKey=[A-Za-z0-9+/=]{40,}/ },
  { kind: "a Stripe key", shape: /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}/ },
  { kind: "an npm token", shape: /\bnpm_[A-Za-z0-9]{30,}/ },
  { kind: "a JSON Web Token", shape: /\beyJ[A-Za-z0-9_-]{8,128}\.eyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8}/ },
  { kind: "an authorization header", shape: /\bBearer\s+[A-Za-z0-9._~+/=-]{16,}/i },
  { kind: "a password in a URL", shape: /[a-z0-9+.-]:\/\/[^\s/:@]{0,256}:[^\s/:@]{1,256}@/i },
];

/** What kind of credential a text holds, or undefined. The text itself must not be repeated in a message. */
export function secretKind(text: string): string | undefined {
  return shapes.find(({ shape }) => shape.test(text))?.kind;
}

const secretName =
  /(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?)(?:_|$)/i;

/** Whether the name of a variable says that its value is a credential. */
export const isSecretName = (name: string): boolean => secretName.test(name);
