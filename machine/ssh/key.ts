import { readFile } from "node:fs/promises";
import { MachineError } from "../error/machine-error.ts";
import { lastLine, runProgram } from "../program/run.ts";

const keygenTimeoutMs = 20_000;

/**
 * Makes an ed25519 key pair without a passphrase (the machine's folder is its protection) and
 * without a comment. Returns the public key's line. Throws when ssh-keygen is missing or fails.
 */
export async function makeKey(path: string): Promise<string> {
  const result = await runProgram(
    "ssh-keygen",
    ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path],
    { timeoutMs: keygenTimeoutMs },
  );
  if (result.exitCode !== 0) {
    throw new MachineError(`The SSH key ${path} could not be made: ${lastLine(result.stderr)}`);
  }
  return (await readFile(`${path}.pub`, "utf8")).trim();
}
