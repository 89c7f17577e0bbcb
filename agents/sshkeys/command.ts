import { type Command, type Terminal, UsageError } from "../command/command.ts";
import { parseWords } from "../command/parse-words.ts";
import { readFlavour } from "../flavour/read-flavour.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { readSettings } from "../settings/settings.ts";
import { type HostKeyType, hostKeyTypes } from "./host-keys.ts";
import type { AuthorizedKey } from "./keys/authorized-keys.ts";
import { makeHostKey } from "./make-host-key.ts";
import { passwordWarning } from "./passwords.ts";
import type { KeysSaid, RotatedSaid } from "./said.ts";
import { type GivenKey, readGivenKeys, readServedKeys } from "./sources/given-keys.ts";
import { reloadSshd } from "./stage.ts";
import { keepKey, openStore, putAside, readStored, serveKey } from "./store.ts";
import { readUserKeys } from "./user-keys.ts";

const help = `sshkeys: the SSH host keys, and the keys that may log in.

  sshkeys [list|status]   host keys with their fingerprints, authorized keys and where they come from
  sshkeys rotate [TYPE]   make new host keys (${hostKeyTypes.join(", ")}; all without TYPE), keep the old ones under another name
  --dry-run               with rotate: only show what would be done
  --json                  the same as JSON`;

/** The command `sshkeys`: who may log in, and the host's own keys. */
export const sshkeysCommand: Command = {
  name: "sshkeys",
  help,
  async run(words, kernel, terminal) {
    const { flags, operands } = parseWords(words, { "dry-run": "flag", json: "flag" });
    const [given = "list", ...rest] = operands;
    const verb = given === "status" ? "list" : given;
    const isJson = flags.has("json");
    if (verb === "list" && rest.length === 0) {
      return list(kernel, terminal, isJson);
    }
    if (verb !== "rotate") {
      throw new UsageError(`expected list or rotate, found "${operands.join(" ")}"`);
    }
    const types = rest.length === 0 ? hostKeyTypes : rest.map(typeOf);
    if (!flags.has("dry-run")) {
      return rotate(kernel, terminal, types, isJson);
    }
    const lines = types.map(
      (type) => `would make a new ${type} host key and put the old one aside`,
    );
    terminal.out(isJson ? JSON.stringify({ rotate: types }) : lines.join("\n"));
    return 0;
  },
};

function typeOf(word: string): HostKeyType {
  const type = hostKeyTypes.find((known) => known === word);
  if (type !== undefined) {
    return type;
  }
  throw new UsageError(`host key type ${word} is unknown; known are ${hostKeyTypes.join(", ")}`);
}

async function list(kernel: Kernel, terminal: Terminal, isJson: boolean): Promise<number> {
  const { options } = await readSettings(kernel);
  const flavour = await readFlavour(kernel, options.user);
  const store = openStore(kernel, flavour.stateFolder);
  const stored = await readStored(kernel, store);
  const host = hostKeyTypes.map((type) => {
    const found = stored[type];
    if (found.state !== "sound") {
      return { type, state: found.state };
    }
    const { bits, fingerprint } = found.key.public;
    return { type, state: found.state, bits, fingerprint };
  });
  const user = readUserKeys(kernel, flavour.user);
  const { stateFolder } = flavour;
  const given = await readGivenKeys(kernel, flavour.user, { stateFolder, keys: options.keys });
  const served = readServedKeys(kernel, flavour.user);
  const known = [...user.keys, ...given.keys];
  const all: Shown[] = [
    ...user.keys.map((key) => ({ ...key, for: "user", from: user.path, counts: "now" }) as const),
    ...given.keys.map(
      (key) =>
        ({ ...key, counts: isAmong(served, key) ? "now" : "from the next boot on" }) as const,
    ),
    ...served
      .filter((key) => !isAmong(known, key))
      .map(
        (key) =>
          ({
            ...key,
            from: "a source that is gone",
            counts: "until the next boot",
          }) as const,
      ),
  ];
  const authorized = all.map(({ key, comment, options: limits, for: whom, from, counts }) => {
    const { type, bits, fingerprint } = key;
    return { type, bits, fingerprint, comment, options: limits, for: whom, from, counts };
  });
  const warnings = [...user.warnings.map((line) => `${user.path}: ${line}`), ...given.warnings];
  if (isJson) {
    const shown: KeysSaid = { isOnDisk: store.isOnDisk, host, authorized, warnings };
    terminal.out(JSON.stringify(shown, undefined, 2));
    return 0;
  }
  const place = store.isOnDisk ? "on the data disk" : "in RAM, new on every boot";
  terminal.out(`host keys (${place}):`);
  for (const key of host) {
    terminal.out(`  ${key.type.padEnd(8)} ${"fingerprint" in key ? key.fingerprint : key.state}`);
  }
  terminal.out(`authorized keys (of ${flavour.user.name}; root accepts the same):`);
  for (const { type, fingerprint, comment, for: whom, from, counts } of authorized) {
    const only = whom === "root" ? "for root alone, " : "";
    const when = counts === "now" ? "" : `; counts ${counts}`;
    const words = [type, fingerprint, comment, `(${only}from ${from}${when})`];
    terminal.out(`  ${words.filter((word) => word !== "").join(" ")}`);
  }
  if (options.passwordLogin) {
    terminal.out(`  ${passwordWarning(flavour.user.name)}`);
  }
  for (const warning of warnings) {
    terminal.out(`  left out: ${warning}`);
  }
  return 0;
}

/** A key with its source, and when sshd takes it. */
interface Shown extends GivenKey {
  counts: "now" | "from the next boot on" | "until the next boot";
}

function isAmong(keys: readonly AuthorizedKey[], { key }: AuthorizedKey): boolean {
  return keys.some((one) => one.key.base64 === key.base64);
}

async function rotate(
  kernel: Kernel,
  terminal: Terminal,
  types: readonly HostKeyType[],
  isJson: boolean,
): Promise<number> {
  const store = openStore(kernel, (await readFlavour(kernel)).stateFolder);
  const made: RotatedSaid["made"] = [];
  for (const type of types) {
    const key = await makeHostKey(kernel, type);
    const keptAs = putAside(kernel, store, type, "replaced");
    keepKey(kernel, store, key);
    serveKey(kernel, key);
    made.push({ type, fingerprint: key.public.fingerprint, keptAs });
  }
  reloadSshd(kernel);
  if (isJson) {
    const rotated: RotatedSaid = { isOnDisk: store.isOnDisk, made };
    terminal.out(JSON.stringify(rotated, undefined, 2));
  } else {
    for (const { type, fingerprint } of made) {
      terminal.out(`${type} ${fingerprint}`);
    }
  }
  if (!store.isOnDisk && !isJson) {
    terminal.err("no data disk: the new keys last until the next boot");
  }
  return 0;
}
