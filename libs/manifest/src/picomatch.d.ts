/** The part of picomatch 4 that is used here; the package brings no types. */
declare module "picomatch" {
  interface Options {
    readonly dot?: boolean;
    readonly nonegate?: boolean;
    readonly noextglob?: boolean;
    readonly maxLength?: number;
    readonly ignore?: readonly string[];
    readonly strictBrackets?: boolean;
    readonly windows?: boolean;
  }
  export default function picomatch(patterns: string | readonly string[], options?: Options): (path: string) => boolean;
}
