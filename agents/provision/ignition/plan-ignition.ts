import { listed } from "../model/listed.ts";
import type { Entry, Ignition, IgnitionUser } from "./ignition.ts";
import { planUnits } from "./plan-units.ts";

/** What a config makes of this machine. */
export interface IgnitionPlan {
  /** The account that the machine is for; undefined: the image's, as it is. */
  user: IgnitionUser | undefined;
  /** Lines of authorized_keys of everybody who is let in, root too. */
  keys: readonly Pick<IgnitionUser, "name" | "keys">[];
  /** Further accounts. */
  others: readonly IgnitionUser[];
  groups: Ignition["groups"];
  /** As words of the kernel's command line would set them; what a disk or a person says wins. */
  settings: readonly { name: string; value: string }[];
  hostname: string | undefined;
  /** What is left to be made, in its order. */
  entries: readonly Entry[];
  notHonoured: readonly string[];
  warnings: readonly string[];
}

const zonePattern = /^(?:(?:\.\.\/)*|\/)usr\/share\/zoneinfo\/(.+)$/;
const marker = "/etc/containers/podman-machine";
/** Where Podman 6 looks for it. */
const newMarker = "/etc/podman-machine";

/** Decides who and what of a config becomes a setting, an account or a file; pure. */
export function planIgnition(ignition: Ignition): IgnitionPlan {
  const present = ignition.users.filter(({ name, shouldExist }) => shouldExist && name !== "root");
  const [user, ...others] = present;
  const units = planUnits(ignition.units);
  const settings = [...units.settings];
  if (user !== undefined) {
    settings.push({ name: "user", value: user.name });
  }
  const warnings = [...ignition.warnings];
  let hostname: string | undefined;
  const entries = ignition.entries.flatMap((entry): Entry[] => {
    const zone =
      entry.kind === "link" && entry.path === "/etc/localtime" && zonePattern.exec(entry.target);
    if (zone) {
      settings.push({ name: "tz", value: zone[1] ?? "" });
      return [];
    }
    if (entry.kind === "file" && entry.path === "/etc/hostname") {
      hostname = entry.content?.toString("utf8").trim();
      return [];
    }
    if (entry.kind === "file" && /^\/etc\/sub[ug]id$/.test(entry.path) && entry.content) {
      return [{ ...entry, content: withLineEnd(entry.content) }];
    }
    // The client's --swap (zram-generator.conf(5)).
    const zram = entry.kind === "file" && entry.path === "/etc/systemd/zram-generator.conf";
    const size = zram && /^zram-size *= *(\d{1,7})$/m.exec(entry.content?.toString("latin1") ?? "");
    if (size) {
      settings.push({ name: "boot2podman.zram", value: `${size[1]}M` });
      return [];
    }
    if (zram) {
      warnings.push(`${entry.path} is not honoured: only a zram-size of MiB is`);
    }
    if (/^\/etc\/systemd\/system\/[^/]+\.\w+$/.test(entry.path) && entry.kind === "file") {
      warnings.push(`nothing starts ${entry.path}: there is no systemd here`);
    }
    return entry.path === marker ? [entry, { ...entry, path: newMarker }] : [entry];
  });
  if (ignition.users.some(({ name, shouldExist }) => name === "root" && !shouldExist)) {
    warnings.push("root can't be removed");
  }
  return {
    user,
    keys: ignition.users.filter(({ shouldExist }) => shouldExist),
    others,
    groups: ignition.groups,
    settings,
    hostname,
    entries,
    notHonoured: [...ignition.notHonoured, ...units.notHonoured],
    warnings,
  };
}

/** A file without an end of its last line would join what is added to it. */
function withLineEnd(content: Buffer): Buffer {
  return content.length === 0 || content.at(-1) === 10
    ? content
    : Buffer.concat([content, Buffer.from("\n")]);
}

/** "user core (uid 1000), 6 folders, 7 files, 2 links": what the config is about, for the record. */
export function ignitionText({ user, entries, settings }: IgnitionPlan): string {
  const count = (kind: Entry["kind"]) => entries.filter((entry) => entry.kind === kind).length;
  const parts = [
    ...(user === undefined ? [] : [`user ${user.name}`]),
    ...(["folder", "file", "link"] as const).map((kind) => `${count(kind)} ${kind}s`),
    ...(settings.length === 0
      ? []
      : [listed(settings.map(({ name, value }) => `${name}=${value}`))]),
  ];
  return parts.join(", ");
}
