/** What libblkid, the second probe, says of a device. */
export type BlkidSays =
  | { found: "nothing" }
  | { found: "something"; values: Readonly<Record<string, string>> }
  /** The disk is treated as one that can't be read: an error never counts as "nothing there". */
  | { found: "error"; why: string };

/** The command for a device, or for what starts `offsetBytes` into it. */
export function blkidCommand(node: string, offsetBytes: number): string[] {
  const offset = offsetBytes === 0 ? [] : ["-O", String(offsetBytes)];
  return ["blkid", "-p", ...offset, "-o", "export", "--", node];
}

/**
 * Reads the answer of `blkid -p -o export` (blkid(8): status 0 found, 2 nothing found, 4 usage or other
 * errors, 8 ambivalent).
 */
export function readBlkid(exitCode: number, stdout: string, stderr: string): BlkidSays {
  if (exitCode === 2) {
    const said = `${stdout}${stderr}`.trim();
    return said === "" ? { found: "nothing" } : { found: "error", why: `blkid: ${said}` };
  }
  if (exitCode === 8) {
    return { found: "error", why: "blkid found several contradictory signatures" };
  }
  if (exitCode !== 0) {
    return { found: "error", why: `blkid ended with status ${exitCode}: ${lastLine(stderr)}` };
  }
  const values: Record<string, string> = {};
  for (const line of stdout.split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0) {
      values[line.slice(0, equals)] = unescapeValue(line.slice(equals + 1));
    }
  }
  const names = Object.keys(values).filter((name) => name !== "DEVNAME");
  if (names.length > 0 && names.every((name) => name.startsWith("PART_ENTRY_"))) {
    // Where the partition stands in its disk's table, and nothing of what is in it.
    return { found: "nothing" };
  }
  if (values.TYPE === undefined && values.PTTYPE === undefined && values.USAGE === undefined) {
    return { found: "error", why: "blkid found something but didn't name it" };
  }
  return { found: "something", values };
}

/** In this format blkid puts a backslash before what a shell would read as its own. */
function unescapeValue(value: string): string {
  return value.replace(/\\(.)/g, "$1");
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
