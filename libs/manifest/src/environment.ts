const exact = new Set([
  "PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "OLDPWD", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS",
  "PS4", "PROMPT_COMMAND", "CDPATH", "GLOBIGNORE", "TMPDIR", "HOSTNAME", "NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE",
  "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PERL5LIB", "PERL5OPT", "RUBYLIB", "RUBYOPT", "JAVA_TOOL_OPTIONS",
  "_JAVA_OPTIONS", "CLASSPATH", "GIT_SSH_COMMAND", "GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES", "RES_OPTIONS",
  "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
]); // prettier-ignore
const prefixes = ["LD_", "DYLD_", "BASH_FUNC_", "COFFERDAM_", "GLIBC_TUNABLES", "MALLOC_"];

/** POSIX.1-2017 8.1, with lowercase as it is used. */
export const isVariableName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name);

/** Variables that the sandbox sets itself, or that make a program load or run something else than was asked. */
export function isReservedVariable(name: string): boolean {
  const upper = name.toUpperCase();
  return exact.has(upper) || prefixes.some((prefix) => upper.startsWith(prefix));
}
