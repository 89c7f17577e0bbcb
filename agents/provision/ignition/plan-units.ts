import type { IgnitionUnit } from "./ignition.ts";

/** What units mean here. */
export interface UnitsPlan {
  settings: readonly { name: string; value: string }[];
  notHonoured: readonly string[];
}

/** Ours under the names that systemd's world has for them: always on. */
const ours = new Set([
  ...["podman.socket", "podman.service", "sshd.service", "ssh.service", "sshd.socket"],
  ...["systemd-resolved.service", "getty@tty1.service"],
]);
/**
 * Units of Podman's client that are honoured by what they are for: the host hears that the machine is ready, and its
 * proxies count (init-hooks/ignition).
 */
const meant = new Set(["ready.service", "envset-fwcfg.service"]);

/** What the units of a config become: settings where they mean some, nothing where they ask for what is so, else a name. */
export function planUnits(units: readonly IgnitionUnit[]): UnitsPlan {
  const settings: { name: string; value: string }[] = [];
  const notHonoured: string[] = [];
  for (const unit of units) {
    const isOff = unit.mask || unit.enabled === false;
    const share = isOff ? undefined : shareOf(unit);
    if (share !== undefined) {
      settings.push({ name: "boot2podman.share", value: share });
    } else if (ours.has(unit.name)) {
      notHonoured.push(
        ...(isOff ? [`unit ${unit.name}: it is always on`] : []),
        ...(unit.contents === "" ? [] : [`unit ${unit.name}: its content`]),
        ...unit.dropIns.map((name) => `unit ${unit.name}: ${name}`),
      );
    } else if (
      !isOff &&
      !meant.has(unit.name) &&
      (unit.enabled || unit.contents !== "" || unit.dropIns.length > 0)
    ) {
      notHonoured.push(`unit ${unit.name}`);
    }
  }
  return { settings, notHonoured };
}

/** TAG:/PATH[:ro] of a mount unit (systemd.mount(5)) of a share; undefined for another unit. */
function shareOf({ name, contents }: IgnitionUnit): string | undefined {
  if (!name.endsWith(".mount")) {
    return undefined;
  }
  const assigned = (key: string) =>
    new RegExp(`^\\s*${key}\\s*=\\s*(.*?)\\s*$`, "m").exec(contents)?.[1] ?? "";
  const [tag, path, options] = [
    assigned("What"),
    assigned("Where"),
    assigned("Options").split(","),
  ];
  const isShare = ["virtiofs", "9p"].includes(assigned("Type")) && tag !== "" && path !== "";
  return isShare ? `${tag}:${path}${options.includes("ro") ? ":ro" : ""}` : undefined;
}
