import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type BootOption, bootOptionTable } from "./boot-option-table.ts";

const image = path.resolve(import.meta.dirname, "../../image");

interface ScriptWord {
  name: string;
  /** Whether it is matched as NAME=VALUE. */
  hasValue: boolean;
}

/** The image's shell scripts that read the kernel's command line, by their path below image/. */
function scripts(): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of ["initrds", "tree"]) {
    for (const name of readdirSync(path.join(image, folder), {
      recursive: true,
      encoding: "utf8",
    })) {
      const file = path.join(image, folder, name);
      if (!statSync(file).isFile()) {
        continue;
      }
      const text = readFileSync(file, "utf8");
      if (/^#!\S*(?:sh\b|busybox sh\b)/.test(text) && code(text).includes("/proc/cmdline")) {
        found.set(path.join(folder, name), text);
      }
    }
  }
  return found;
}

/** A script without the lines that are comments. */
function code(script: string): string {
  return script.replaceAll(/^\s*#.*$/gm, "");
}

/**
 * The words of the command line that a script matches, in either form that our scripts use: the patterns of a
 * "case" in a loop over its words, and a grep's "-e". Throws on a use of it in another form.
 */
function wordsOf(script: string): ScriptWord[] {
  const loops =
    /for (\w+) in \$\((?:\$bb )?cat \/proc\/cmdline\); do\s+case \$\1 in\b(.*?)\besac/gs;
  const greps = /grep -qw((?: -e [\w.-]+)+) \/proc\/cmdline/g;
  const text = code(script);
  const inLoops = [...text.matchAll(loops)].flatMap(([, , patterns = ""]) =>
    [...patterns.matchAll(/(?:^|;;|\n)[^\S\n]*([^\s()#;][^()\n;]*)\)/g)].flatMap(
      ([, pattern = ""]) => pattern.split("|").map((one) => one.trim()),
    ),
  );
  const inGreps = [...text.matchAll(greps)].flatMap(([, words = ""]) =>
    words.split(" -e ").filter((one) => one !== ""),
  );
  if (text.replaceAll(loops, "").replaceAll(greps, "").includes("/proc/cmdline")) {
    throw new Error("the command line is read in a form that this test can't follow");
  }
  return [...inLoops, ...inGreps].map((pattern) => {
    const [, name = pattern, value = ""] = /^([\w.-]+)(=\?{0,1}\*)?$/.exec(pattern) ?? [];
    return { name, hasValue: value !== "" };
  });
}

/** What is wrong with the words of a script, one line each. */
function unknownWords(script: string, table: readonly BootOption[]): string[] {
  return wordsOf(script).flatMap(({ name, hasValue }) => {
    const row = table.find((one) => one.name === name);
    if (row === undefined) {
      return [`${name} is no option`];
    }
    const takesValue = row.value !== undefined;
    return takesValue === hasValue
      ? []
      : [`${name} is matched ${hasValue ? "with" : "without"} a value`];
  });
}

describe("the words of the command line that shell scripts read by themselves", () => {
  const found = scripts();

  test.each([...found])("in image/%s are options of the table", (_, script) => {
    expect(unknownWords(script, bootOptionTable)).toEqual([]);
  });

  test("are found wherever they are", () => {
    const words = [...found].map(([file, script]) => [
      file,
      wordsOf(script).map(({ name }) => name),
    ]);
    expect(Object.fromEntries(words)).toEqual({
      "initrds/init": ["noembed", "embed", "boot2podman.usr", "boot2podman.rescue", "blacklist"],
      "tree/usr/bin/sethostname": ["host"],
      "tree/usr/lib/boot2podman/service": ["noautologin", "secure"],
    });
  });

  test("are what an option without an effect of its own in the agents is for", () => {
    const words = new Set([...found.values()].flatMap(wordsOf).map(({ name }) => name));
    const idle = bootOptionTable.filter(({ sets, name }) => sets === undefined && !words.has(name));
    expect(idle.map(({ name }) => name)).toEqual([]);
  });

  test.each([
    [
      "for w in $(cat /proc/cmdline); do\n case $w in\n noembd) m=1 ;;\n esac\ndone",
      ["noembd is no option"],
    ],
    [
      "for w in $(cat /proc/cmdline); do case $w in host) m=1 ;; esac; done",
      ["host is matched without a value"],
    ],
    [
      "for w in $(cat /proc/cmdline); do case $w in embed=*) m=1 ;; esac; done",
      ["embed is matched with a value"],
    ],
    ["grep -qw -e secure -e quick /proc/cmdline", ["quick is no option"]],
  ])("are refused in %j", (script, wrong) => {
    expect(unknownWords(script, bootOptionTable)).toEqual(wrong);
  });

  test("in a form that can't be followed are an error", () => {
    expect(() => wordsOf("read -r line </proc/cmdline")).toThrow("can't follow");
  });
});
