import { delimiter } from "node:path";

/** Folders searched besides PATH: an ordinary user's PATH lacks the sbin folders of depmod. */
const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** PATH of the tools: the caller's, then the system's own folders. */
export function toolPath(pathOfCaller: string | undefined): string {
  return [...(pathOfCaller ?? "").split(delimiter).filter(Boolean), ...systemFolders].join(
    delimiter,
  );
}

/** Variables of the caller that tools get: the way to the network. */
const keptVariables = /^(https?|ftp|all|no)_proxy$/i;

/** Environment of every tool: nothing of the caller's locale, time zone or options gets in. */
export function toolEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value !== undefined && keptVariables.test(name) ? [[name, value] as const] : [],
  );
  const path = toolPath(process.env.PATH);
  return {
    ...Object.fromEntries(kept),
    PATH: path,
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    HOME: "/nonexistent",
  };
}
