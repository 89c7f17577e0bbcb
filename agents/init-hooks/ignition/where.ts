import type { BootOptions } from "../../settings/boot-options.ts";
import type { ConfigOnServer } from "./from-url.ts";

/** Where an Ignition config is looked for: not at all, on this machine, or on a server and nowhere else. */
export type WhereIgnition = "nowhere" | "here" | ConfigOnServer;

type Asked = Pick<BootOptions, "ignition" | "ignitionUrl" | "ignitionSha256">;

/** What the command line asks for; an address and a sum count together alone, and `warning` says that one is missing. */
export function whereIgnition({ ignition, ignitionUrl: url, ignitionSha256: sha256 }: Asked): {
  where: WhereIgnition;
  warning?: string;
} {
  if (url !== undefined && sha256 !== undefined) {
    return { where: { url, sha256 } };
  }
  const where = ignition === "off" ? "nowhere" : "here";
  if (url !== undefined) {
    const warning = `ignition.config.url=${url} is left out: give its SHA-256 as ignition.config.sha256=`;
    return { where, warning };
  }
  if (sha256 !== undefined) {
    const warning =
      "ignition.config.sha256= is left out: say whose sum it is with ignition.config.url=";
    return { where, warning };
  }
  return { where };
}
