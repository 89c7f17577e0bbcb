import { describe, expect, it } from "vitest";
import { type Entry, type FileEntry, rootLink } from "../files/entry.ts";
import type { ElfFacts } from "./elf.ts";
import { findLibraries } from "./libraries.ts";

const lib = "usr/lib/x86_64-linux-gnu";

/** A program or library whose "hash" is its path, so that facts can be looked up by it. */
function program(path: string): FileEntry {
  return { path, type: "file", mode: 0o755, uid: 0, gid: 0, sizeBytes: 1, sha256: path };
}

/** Asks for the libraries of `entries`; `needs` says what each file wants. */
function find(
  entries: Entry[],
  packages: Entry[],
  needs: Record<string, string[]>,
  openedAtRunTime: string[] = [],
  more: Partial<ElfFacts> = {},
) {
  const facts = ({ path }: FileEntry): ElfFacts | undefined => {
    const needed = needs[path];
    return needed && { machine: 62, interpreter: undefined, needed, ...more };
  };
  const available = new Map([...packages].map((entry) => [entry.path, entry]));
  return findLibraries({ arch: "amd64", entries, openedAtRunTime, available, facts }).map(
    ({ path }) => path,
  );
}

describe("libraries", () => {
  it("are found through links, and what they need in turn", () => {
    const packages = [
      rootLink(`${lib}/liba.so.1`, "liba.so.1.2"),
      program(`${lib}/liba.so.1.2`),
      program(`${lib}/libb.so.2`),
      program(`${lib}/libunused.so.1`),
    ];
    const needs = {
      "usr/bin/p": ["liba.so.1"],
      [`${lib}/liba.so.1.2`]: ["libb.so.2"],
      [`${lib}/libb.so.2`]: [],
    };
    expect(find([program("usr/bin/p")], packages, needs)).toEqual([
      `${lib}/liba.so.1`,
      `${lib}/liba.so.1.2`,
      `${lib}/libb.so.2`,
    ]);
  });

  it("that need each other are found once", () => {
    const packages = [program(`${lib}/liba.so.1`), program(`${lib}/libb.so.1`)];
    const needs = {
      "usr/bin/p": ["liba.so.1"],
      [`${lib}/liba.so.1`]: ["libb.so.1"],
      [`${lib}/libb.so.1`]: ["liba.so.1"],
    };
    expect(find([program("usr/bin/p")], packages, needs)).toHaveLength(2);
  });

  it("include the loader that a program asks for", () => {
    const loader = program("usr/lib64/ld-linux-x86-64.so.2");
    const interpreter = "/lib64/ld-linux-x86-64.so.2";
    expect(
      find([program("usr/bin/p")], [loader], { "usr/bin/p": [] }, [], { interpreter }),
    ).toEqual([loader.path]);
  });

  it("include those that are opened at run time", () => {
    const packages = [program(`${lib}/security/pam_permit.so`)];
    expect(find([], packages, {}, ["security/pam_permit.so"])).toEqual([packages[0]?.path]);
  });

  it("that the image already has are not added again", () => {
    const library = program(`${lib}/liba.so.1`);
    const needs = { "usr/bin/p": ["liba.so.1"] };
    expect(find([program("usr/bin/p"), library], [library], needs)).toEqual([]);
  });
});

describe("a build fails", () => {
  it("with the names of all missing libraries and of who wanted them", () => {
    const needs = { "usr/bin/p": ["liba.so.1"], "usr/bin/q": ["libb.so.1"] };
    expect(() => find([program("usr/bin/p"), program("usr/bin/q")], [], needs)).toThrow(
      /^liba\.so\.1 is needed by usr\/bin\/p, libb\.so\.1 is needed by usr\/bin\/q: no package/,
    );
  });

  it("when a program is for another processor", () => {
    expect(() =>
      find([program("usr/bin/p")], [], { "usr/bin/p": [] }, [], { machine: 183 }),
    ).toThrow("usr/bin/p is a program for another processor than amd64");
  });
});
