import type { Kernel } from "../../kernel/kernel.ts";

/** The zone, as programs look for it (tzset(3)). */
export const localtimePath = "/etc/localtime";
const zonesFolder = "/usr/share/zoneinfo";
/** The zone's name, which Java and others read, and which compose files mount into containers (Debian's). */
const timezonePath = "/etc/timezone";

/**
 * Sets the zone, by its name or in POSIX's form. Gives what is to be said of it; "" when none is asked for, and it stays
 * UTC, as the image has it.
 */
export function setTimeZone(kernel: Kernel, zone: string | undefined): string {
  if (zone === undefined) {
    return "";
  }
  const isName = /^[A-Za-z0-9_+-]+(?:\/[A-Za-z0-9_+-]+)*$/.test(zone);
  if (isName && kernel.stat(`${zonesFolder}/${zone}`)?.kind === "file") {
    // A link, since its target is where programs read the name.
    if (kernel.lstat(localtimePath) !== undefined) {
      kernel.unlink(localtimePath);
    }
    kernel.symlink(`${zonesFolder}/${zone}`, localtimePath);
    kernel.writeAtomic(timezonePath, `${zone}\n`);
    return `time zone ${zone}`;
  }
  if (!isPosixZone(zone)) {
    return `tz=${zone} is unknown, and the time zone stays UTC: use a name below ${zonesFolder}, such as Europe/Berlin, or the POSIX format, such as CET-1CEST,M3.5.0,M10.5.0/3`;
  }
  kernel.writeAtomic(localtimePath, zoneFile(zone));
  kernel.writeAtomic(timezonePath, `${zone}\n`);
  return `time zone ${zone}`;
}

const name = "(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)";
const time = "[+-]?\\d{1,3}(?::\\d{2}){0,2}";
const day = "(?:M\\d{1,2}\\.\\d\\.\\d|J?\\d{1,3})";
const rule = `,${day}(?:/${time})?,${day}(?:/${time})?`;
const posix = new RegExp(`^${name}${time}(?:${name}(?:${time})?(?:${rule})?)?$`);

/** As TZ of POSIX: a name and what has to be added to get to UTC, then summer time and when it begins and ends. */
export function isPosixZone(zone: string): boolean {
  return posix.test(zone);
}

/**
 * A file of the kind that zones are kept in (RFC 8536) which has no changes of its own but one long ago, after which the
 * rule at its end holds. glibc and Go read it so, and an environment variable would only reach those who log in.
 */
export function zoneFile(zone: string): Uint8Array {
  const header = new Uint8Array(44);
  header.set(new TextEncoder().encode("TZif2"));
  // One change, one kind of time, and a name of four bytes; no leap seconds.
  const view = new DataView(header.buffer);
  view.setUint32(32, 1);
  view.setUint32(36, 1);
  view.setUint32(40, 4);
  const kind = new Uint8Array(1 + 6 + 4);
  kind.set(new TextEncoder().encode("UTC"), 7);
  const rule = new TextEncoder().encode(`\n${zone}\n`);
  // The same with times of 32 bits for old readers, and with 64 for all others. The one change is long ago.
  const old = [0x80, 0, 0, 0];
  return new Uint8Array([
    ...[...header, ...old, ...kind],
    ...[...header, 0xff, 0xff, 0xff, 0xff, ...old, ...kind],
    ...rule,
  ]);
}
