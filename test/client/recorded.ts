import { readFile } from "node:fs/promises";
import path from "node:path";

/** The config that podman 5.4.2 of Debian 13 writes for a user of the number 1000, as it is in the machine's `-fw_cfg`. */
export const recordedConfig = path.join(import.meta.dirname, "podman-5.4.2.ign");

/** The same for a user of another name, as `--username` gives it, with a key that a test has. */
export async function recordedFor(user: string, publicKey: string): Promise<string> {
  const text = await readFile(recordedConfig, "utf8");
  return text.replaceAll(/\bcore\b/g, user).replaceAll(/ssh-ed25519 [^"]*/g, publicKey.trim());
}
