import type { ProvisionedUser } from "../model/provision.ts";
import { at, isList, isMap, switchOf, textOf, type YamlMap } from "./values.ts";

/** What of a cloud-config this system does. */
export interface CloudConfig {
  users: ProvisionedUser[];
  hostname: string | undefined;
  /** By their names in the file: "runcmd", "users.me.sudo". */
  notHonoured: string[];
}

const keyNames = ["ssh_authorized_keys", "ssh-authorized-keys"];
const hostNames = ["hostname", "fqdn", "prefer_fqdn_over_hostname", "preserve_hostname"];
const honoured = new Set([...keyNames, ...hostNames, "users", "user"]);
/** What cloud-init calls the user that the machine is for, in its list. */
const defaultName = "default";

/**
 * Reads a cloud-config (cloud-init: "Module reference"). Keys are taken from ssh_authorized_keys at the top and of each
 * user in `users` and `user`, and from nowhere else; everything that this system doesn't do is named. Never throws.
 */
export function readCloudConfig(document: unknown): CloudConfig {
  const config: CloudConfig = { users: [], hostname: undefined, notHonoured: [] };
  if (!isMap(document)) {
    return config;
  }
  const named = Object.keys(document).filter((name) => !honoured.has(name));
  config.notHonoured.push(...named);
  /** `user` gives the default user another name; `users` may then call him by it. */
  const own = at(document, "user");
  const ownName = textOf(isMap(own) ? at(own, "name") : own);
  const nameOf = (name: string) =>
    name === defaultName || (name === ownName && name !== "root") ? undefined : name;
  const defaultUser = ownName === "root" ? "root" : undefined;
  const topKeys = keysOf(document);
  if (topKeys.length > 0) {
    config.users.push({ name: defaultUser, keys: topKeys });
  }
  if (isMap(own)) {
    readUser(own, "user", defaultUser, config);
  }
  for (const { name, entry } of usersOf(at(document, "users"))) {
    if (name === undefined) {
      config.notHonoured.push("a user without a name");
    } else {
      readUser(entry, `users.${name}`, nameOf(name), config);
    }
  }
  config.hostname = hostnameOf(document);
  return config;
}

/** `users` is a list of names and of maps, a map by name, or names with commas between. */
function usersOf(value: unknown): { name: string | undefined; entry: YamlMap }[] {
  if (isList(value)) {
    return value.flatMap((item) =>
      isMap(item) ? [{ name: textOf(at(item, "name")), entry: item }] : namesIn(item),
    );
  }
  if (isMap(value)) {
    return Object.entries(value).map(([name, entry]) => ({
      name,
      entry: isMap(entry) ? entry : {},
    }));
  }
  return namesIn(value);
}

function namesIn(value: unknown): { name: string; entry: YamlMap }[] {
  const names = typeof value === "string" ? value.split(",") : [];
  return names.flatMap((text) => {
    const name = textOf(text);
    return name === undefined ? [] : [{ name, entry: {} }];
  });
}

function readUser(
  entry: YamlMap,
  place: string,
  name: string | undefined,
  config: CloudConfig,
): void {
  config.users.push({ name, keys: keysOf(entry) });
  for (const property of Object.keys(entry)) {
    if (property !== "name" && !keyNames.includes(property)) {
      config.notHonoured.push(`${place}.${property}`);
    }
  }
}

/** A list of lines, or one text of them. */
function keysOf(map: YamlMap): string[] {
  return keyNames.flatMap((name) => linesOf(at(map, name)));
}

/** The lines of one text, or of each text of a list. */
export function linesOf(value: unknown): string[] {
  const texts = isList(value) ? value : [value];
  return texts.flatMap((text) =>
    (textOf(text) ?? "")
      .split(/[\r\n]+/)
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );
}

/** As cloud-init chooses: the name, or the first part of the whole one; what comes behind a dot is the domain's. */
function hostnameOf(document: YamlMap): string | undefined {
  if (switchOf(at(document, "preserve_hostname")) === true) {
    return undefined;
  }
  const hostname = textOf(at(document, "hostname"));
  const fqdn = textOf(at(document, "fqdn")) ?? hostname;
  if (switchOf(at(document, "prefer_fqdn_over_hostname")) === true) {
    return fqdn;
  }
  return shortName(hostname ?? fqdn);
}

/** "web" of "web.example.org" */
export function shortName(name: string | undefined): string | undefined {
  return name?.split(".", 1)[0];
}
