/** Standard output's one document. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
/** One of many, each on a line. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;
