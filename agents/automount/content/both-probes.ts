import type { BlkidSays } from "./blkid.ts";
import type { Content } from "./content.ts";

/**
 * Whether the second probe has to be asked. One clear ext4 filesystem or one clear table is never formatted
 * over, so libblkid can add nothing there; all else may lead to a format or needs a better name.
 */
export function needsSecondProbe(own: Content): boolean {
  return own.is === "empty" || own.is === "foreign";
}

/** The verdict of both probes: empty only where both found nothing, an error of either is unreadable. */
export function bothProbes(own: Content, second: BlkidSays): Content {
  if (own.is === "unreadable") {
    return own;
  }
  if (second.found === "error") {
    return { is: "unreadable", why: second.why };
  }
  if (second.found === "nothing") {
    return own;
  }
  const { TYPE: type, PTTYPE: tableType, LABEL: secondLabel } = second.values;
  const named = [type, tableType === undefined ? undefined : `${tableType} partition table`];
  const types = named.filter((name) => name !== undefined);
  if (own.is === "foreign") {
    return { ...own, label: own.label ?? secondLabel };
  }
  if (own.is === "empty") {
    return {
      is: "foreign",
      types: types.length === 0 ? ["unknown signature"] : types,
      label: secondLabel,
    };
  }
  return own;
}
