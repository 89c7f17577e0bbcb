import path from "node:path";
import type { Identity } from "../vm/harness/data-disk.ts";
import { runOk } from "../vm/harness/run.ts";

const bun = path.resolve(import.meta.dirname, "../../node_modules/.bin/bun");
const inside = path.join(import.meta.dirname, "http-boot-inside.ts");

/** The ISO by UEFI's HTTP boot under Secure Boot, from a DHCP and an HTTP server in a network namespace of its own. */
export async function checkHttpBoot(
  { folder }: Identity,
  say: (text: string) => void,
): Promise<void> {
  const own = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
  say((await runOk([...own, bun, inside, folder], { timeoutMs: 3_600_000 })).trim());
}
