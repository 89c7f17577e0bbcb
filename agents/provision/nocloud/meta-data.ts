import type { ProvisionedUser } from "../model/provision.ts";
import { linesOf, shortName } from "./cloud-config.ts";
import { at, isList, isMap, textOf } from "./values.ts";

/** What of meta-data this system does. */
export interface MetaData {
  users: ProvisionedUser[];
  hostname: string | undefined;
  notHonoured: string[];
}

const keyNames = ["public-keys", "public_keys"];
const hostNames = ["local-hostname", "local_hostname", "hostname"];
/** What needs nothing to be done. */
const silent = ["instance-id", "instance_id", "dsmode"];
/** A list of maps by name of an openssh-key; nobody nests them deeper. */
const maxDepth = 4;
/** More values than people have keys; aliases can make many of few. */
const maxValues = 1000;

/**
 * Reads NoCloud's meta-data. Its public-keys are a text, a list, or a map by name or number whose values are texts,
 * lists, or maps with an openssh-key (as EC2, OpenStack and others write them). Never throws.
 */
export function readMetaData(document: unknown): MetaData {
  if (!isMap(document)) {
    return { users: [], hostname: undefined, notHonoured: [] };
  }
  const keys = keyNames.flatMap((name) => publicKeys(at(document, name)));
  const known = [...keyNames, ...hostNames, ...silent];
  const hostname = hostNames.map((name) => textOf(at(document, name))).find(Boolean);
  return {
    users: keys.length > 0 ? [{ name: undefined, keys }] : [],
    hostname: shortName(hostname),
    notHonoured: Object.keys(document).filter((name) => !known.includes(name)),
  };
}

function publicKeys(map: unknown): string[] {
  let budget = maxValues;
  const keysIn = (value: unknown, depth: number): string[] => {
    budget -= 1;
    if (depth > maxDepth || budget < 0) {
      return [];
    }
    if (isList(value)) {
      return value.flatMap((item) => keysIn(item, depth + 1));
    }
    if (!isMap(value)) {
      return linesOf(value);
    }
    const openssh = at(value, "openssh-key");
    const values = openssh === undefined ? Object.values(value) : [openssh];
    return values.flatMap((item) => keysIn(item, depth + 1));
  };
  return keysIn(map, 0);
}
