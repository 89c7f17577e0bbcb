import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { FakeKernel } from "../../agents/kernel/fake-kernel.testing.ts";
import { ignite } from "../../agents/provision/ignition/program.ts";
import { readIgnition } from "../../agents/provision/ignition/read-ignition.ts";
import { must, type Target } from "./target.ts";

const seeds = [readFileSync(new URL("../client/podman-5.4.2.ign", import.meta.url))];

/** Bytes as they are: what is JSON, and what is an Ignition config. */
const bytes: Target = {
  name: "Ignition configs",
  seeds,
  check(input) {
    const { users, entries, warnings } = readIgnition(input);
    for (const { path } of entries) {
      must(
        path.startsWith("/") && !/\/\.\.?(\/|$)|\/\/|\/$/.test(path),
        "a path that leads elsewhere",
      );
    }
    for (const { name } of users) {
      must(/^[\w.-]+$/.test(name), "a name that breaks a line of passwd");
    }
    must(
      warnings.every((line) => !line.includes("\n")),
      "a warning of two lines",
    );
    return entries.length > 0;
  },
};

/** Words as configs have them, and as they would do harm. */
const words = [
  ...[
    "/etc/a",
    "/etc/shadow",
    "/home/core/x",
    "/home/core/out/passwd",
    "/etc/../x",
    "relative",
    "/",
    "",
  ],
  ...[
    "core",
    "root",
    "tc",
    "a:b",
    "eve\nroot::0:0::/:",
    "data:,x",
    "data:;base64,!!",
    "http://h/x",
    "gzip",
  ],
  ...[
    "/etc/localtime",
    "/usr/share/zoneinfo/Asia/Tokyo",
    "/etc/subuid",
    "podman.socket",
    "x.service",
    "a.mount",
  ],
];
const keys = {
  user: [
    "name",
    "uid",
    "groups",
    "sshAuthorizedKeys",
    "shell",
    "homeDir",
    "shouldExist",
    "passwordHash",
  ],
  node: [
    "path",
    "overwrite",
    "user",
    "group",
    "mode",
    "contents",
    "append",
    "target",
    "hard",
    "verification",
  ],
  unit: ["name", "enabled", "mask", "contents", "dropins"],
};

/** A config made by choices that hang on all of the bytes, so that most of it gets past JSON and the schema. */
class Chooser {
  #state: number;
  constructor(input: Uint8Array) {
    this.#state = createHash("sha256").update(input).digest().readUInt32LE() || 1;
  }

  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }

  one<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  value(depth: number): unknown {
    const kind = this.below(depth > 2 ? 5 : 8);
    const simple = [
      this.one(words),
      this.below(2) === 0,
      this.one([0, 420, 501, 1000, -1, 2 ** 33, 0.5]),
      null,
    ];
    if (kind < 5) {
      return simple[kind % simple.length];
    }
    if (kind === 5) {
      return Array.from({ length: this.below(3) }, () => this.value(depth + 1));
    }
    return {
      source: this.one(words),
      name: this.one(words),
      id: this.below(2000),
      compression: null,
    };
  }

  item(names: readonly string[]): Record<string, unknown> {
    const item: Record<string, unknown> = {};
    for (const name of names) {
      // What an item can't do without is mostly there and right.
      const isKey = ["name", "path", "target"].includes(name);
      if (isKey || this.below(3) === 0) {
        item[name] = isKey && this.below(6) !== 0 ? this.one(words) : this.value(0);
      }
    }
    return item;
  }

  items(names: readonly string[]): Record<string, unknown>[] {
    return Array.from({ length: this.below(4) }, () => this.item(names));
  }

  config(): object {
    return {
      ignition: { version: this.one(["3.0.0", "3.2.0", "3.5.0", "3.9.0", "2.0.0"]) },
      passwd: { users: this.items(keys.user), groups: this.items(["name", "gid"]) },
      storage: {
        directories: this.items(keys.node),
        files: this.items(keys.node),
        links: this.items(keys.node),
        disks: this.below(4) === 0 ? [{ device: "/dev/sda" }] : [],
      },
      systemd: { units: this.items(keys.unit) },
    };
  }
}

function system(): FakeKernel {
  const kernel = new FakeKernel().lay({
    "/etc/passwd": "root:x:0:0::/root:/bin/bash\ncore:x:1000:50::/home/core:/bin/bash\n",
    "/etc/shadow": "root:*:::::::\ncore:*:::::::\n",
    "/etc/group": "root:x:0:\nstaff:x:50:\n",
    "/etc/ssh/sshd_config": "Match User core\n",
    "/home/core": null,
    "/usr/local/bin": null,
    "/run/boot2podman": null,
    "/var/lib/boot2podman": null,
    "/secret/passwd": "secret",
  });
  kernel.symlink("/secret", "/home/core/out");
  return kernel;
}

/** Configs that are made: all of them are carried out, on a system in memory. */
const made: Target = {
  name: "made Ignition configs, carried out",
  seeds,
  check(input) {
    const config = new Chooser(input).config() as {
      storage: Record<"directories" | "files" | "links", { path?: unknown }[]>;
    };
    const kernel = system();
    const ignited = ignite(kernel, Buffer.from(JSON.stringify(config)), "fuzz");
    ignited.makeAccounts();
    const { done, warnings } = ignited.makeEntries({ rebind: () => undefined });
    const { storage } = config;
    const asked = storage.directories.length + storage.files.length + storage.links.length;
    const { plan } = ignited;
    const isUsed = !plan.warnings.some((line) => line.startsWith("nothing of it"));
    // Each is made, is a setting, or is named.
    const answers = done.length + warnings.length + plan.warnings.length + plan.settings.length;
    const isNamed = plan.hostname === undefined ? 0 : 1;
    must(!isUsed || answers + isNamed >= asked, "something is left out without a word");
    must(kernel.readText("/secret/passwd") === "secret", "a link of the user's was followed");
    const lines = kernel.readText("/etc/passwd").trim().split("\n");
    must(
      lines.every((line) => line.split(":").length === 7) &&
        lines.filter((line) => /^[^:]*:[^:]*:0:/.test(line)).length === 1,
      "passwd has a broken line or a second root",
    );
    return done.length > 0;
  },
};

/** Readers of Ignition configs. */
export const ignitionTargets = [bytes, made] as const;
