import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";

// grpc-js writes to the console by itself. What matters of it arrives as a typed error where it can be acted upon, so it
// is silent unless an operator asks for it with the library's own variable.
if (process.env["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);
