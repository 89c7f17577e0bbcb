import { runProgram } from "../program/run.ts";

const askTimeoutMs = 20_000;

/** The version of OpenSSH's client on this host, as major * 100 + minor; undefined for another client. */
export async function sshClientVersion(): Promise<number | undefined> {
  const { stderr } = await runProgram("ssh", ["-V"], { timeoutMs: askTimeoutMs });
  return parseSshVersion(stderr);
}

/** Reads what `ssh -V` says, such as "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19". */
export function parseSshVersion(text: string): number | undefined {
  const match = /^OpenSSH(?:_for_Windows)?_(\d+)\.(\d+)/m.exec(text);
  return match === null ? undefined : Number(match[1]) * 100 + Number(match[2]);
}
