/** What of cloud-init's configuration this system understands. */
export interface CloudConfig {
  keys: string[];
  hostname: string | undefined;
}

/**
 * Reads the few keys that we know out of user-data or meta-data (cloud-init: "NoCloud"): ssh_authorized_keys, at
 * the top or of a user in `users`, public-keys, hostname, local-hostname. It understands lists of one item a line
 * and in brackets, which is how everybody writes them; everything else in the YAML is passed over. Never throws.
 */
export function readCloudConfig(text: string): CloudConfig {
  const found: CloudConfig = { keys: [], hostname: undefined };
  /** How far the name of the list that we are in is indented. */
  let listIndent: number | undefined;
  for (const line of text.split(/\r?\n/)) {
    const content = line.trim();
    if (content === "" || content.startsWith("#")) {
      continue;
    }
    const indent = line.length - line.trimStart().length;
    if (listIndent !== undefined) {
      const item = /^-\s+(.*)$/.exec(content)?.[1];
      // A list may start at its name's own column.
      if (item !== undefined && indent >= listIndent) {
        found.keys.push(scalar(item));
        continue;
      }
      listIndent = undefined;
    }
    const [, dash = "", name, value = ""] =
      /^((?:-\s+)?)([A-Za-z][\w-]*):(?:\s+(.*))?$/.exec(content) ?? [];
    if (name === "hostname" || name === "local-hostname") {
      if (indent === 0) {
        found.hostname = scalar(value) || found.hostname;
      }
    } else if (isKeyList(name)) {
      if (value === "") {
        listIndent = indent + dash.length;
      } else {
        found.keys.push(...flowList(value));
      }
    }
  }
  return found;
}

function isKeyList(name: string | undefined): boolean {
  return /^(ssh_authorized_keys|ssh-authorized-keys|public-keys|public_keys)$/.test(name ?? "");
}

/** "[a, 'b']" or one value. */
function flowList(value: string): string[] {
  const inside = /^\[(.*)\]\s*(?:#.*)?$/.exec(value)?.[1];
  if (inside === undefined) {
    return [scalar(value)];
  }
  const items = inside.match(/"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|[^\s,][^,]*/g) ?? [];
  return items.map(scalar).filter((item) => item !== "");
}

/** A plain or quoted value, without the comment behind it. */
function scalar(value: string): string {
  const trimmed = value.trim();
  const single = /^'((?:''|[^'])*)'/.exec(trimmed)?.[1];
  if (single !== undefined) {
    return single.replaceAll("''", "'");
  }
  const double = /^"((?:\\.|[^"\\])*)"/.exec(trimmed)?.[1];
  if (double !== undefined) {
    return double.replaceAll(/\\(["\\])/g, "$1");
  }
  return trimmed.replace(/\s+#.*$/, "");
}
