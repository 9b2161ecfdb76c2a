/** How a Cofferdam process ends, services and command line alike. */
export const ExitCode = {
  /** Done, or stopped as asked. */
  OK: 0,
  /** The run failed, or a service crashed; a defect. */
  FAILED: 1,
  /** Arguments or configuration are wrong. */
  USAGE: 2,
  /** The manifest is invalid. */
  MANIFEST_INVALID: 3,
  /** Something that this machine should have is missing, in use or full. */
  ENVIRONMENT: 4,
  /** Evidence does not verify. */
  VERIFICATION_FAILED: 5,
  /** Ended by Ctrl-C (128 + SIGINT). */
  INTERRUPTED: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
