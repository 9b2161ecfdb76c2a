import { styleText } from "node:util";

/** Emphasis by meaning. What it looks like depends on where it goes; a pipe gets the bare text. */
export interface Paint {
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
}

type Format = Parameters<typeof styleText>[0];

const styled = (format: Format) => (text: string) => styleText(format, text, { validateStream: false });
const bare = (text: string): string => text;

const colours: Paint = {
  strong: styled("bold"),
  faint: styled("dim"),
  good: styled("green"),
  bad: styled("red"),
  warn: styled("yellow"),
};

export const noPaint: Paint = { strong: bare, faint: bare, good: bare, bad: bare, warn: bare };

/** Colours on a terminal, unless NO_COLOR is set (no-color.org) or the terminal is dumb. */
export function paintFor(stream: { readonly isTTY?: boolean | undefined }, env: NodeJS.ProcessEnv): Paint {
  return stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb" ? colours : noPaint;
}
