import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readAptSources } from "./apt-sources.ts";

/** Reads the sources of an apt folder with these files. */
async function sourcesIn(files: Record<string, string>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "apt-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return (await readAptSources(folder)).map(({ url, suite }) => `${url} ${suite}`);
}

describe("apt sources", () => {
  it("are read in the one-line form, with options or without", async () => {
    const text = `
# deb http://commented.example/debian trixie main
deb [signed-by=/k.gpg trusted=no] http://mirror.example/debian/ bookworm main contrib
deb http://security.example/debian-security bookworm-security main
deb-src http://source.example/debian bookworm main
`;
    expect(await sourcesIn({ "sources.list": text })).toEqual([
      "http://mirror.example/debian bookworm",
      "http://security.example/debian-security bookworm-security",
    ]);
  });

  it("are read in the deb822 form, without disabled ones and with folded lines", async () => {
    const text = `Types: deb deb-src
# a comment
URIs: http://a.example/debian
  http://b.example/debian//
Suites: trixie trixie-updates
Components: main

Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no

Types: deb-src
URIs: http://source.example/debian
Suites: trixie
Components: main
`;
    expect(await sourcesIn({ "sources.list.d/debian.sources": text })).toEqual([
      "http://a.example/debian trixie",
      "http://a.example/debian trixie-updates",
      "http://b.example/debian trixie",
      "http://b.example/debian trixie-updates",
    ]);
  });

  it("are read from all files, in apt's order", async () => {
    const files = {
      "sources.list": "deb http://first.example/debian trixie main\n",
      "sources.list.d/b.list": "deb http://third.example/debian trixie main\n",
      "sources.list.d/a.list": "deb http://second.example/debian trixie main\n",
      "sources.list.d/c.list.off": "deb http://off.example/debian trixie main\n",
    };
    expect(await sourcesIn(files)).toEqual([
      "http://first.example/debian trixie",
      "http://second.example/debian trixie",
      "http://third.example/debian trixie",
    ]);
  });

  it("are none where apt has none", async () => {
    expect(await sourcesIn({})).toEqual([]);
  });

  it("that apt can't read are told in apt's words, with the way around them", async () => {
    await expect(sourcesIn({ "sources.list": "deb oops\n" })).rejects.toThrow(
      /^cannot read this machine's apt sources \(not needed with --mirror URL\): .*E: Malformed entry 1 in .*sources\.list/,
    );
  });
});
