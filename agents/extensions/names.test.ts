import { describe, expect, test } from "vitest";
import {
  compareVersions,
  orderOf,
  parseFileName,
  parseName,
  parseNames,
  parseRelease,
  releaseMisfit,
} from "./names.ts";

test.each([
  ["jq.raw", "jq", "", "", "raw"],
  ["skopeo-1.18.0-x86-64.raw", "skopeo", "1.18.0", "x86-64", "raw"],
  ["podman-compose-1.3.0-arm64.raw", "podman-compose", "1.3.0", "arm64", "raw"],
  ["docker-compose-v2.30.1-x86-64.raw", "docker-compose", "v2.30.1", "x86-64", "raw"],
  ["kubernetes-v1.31.3-amd64.raw", "kubernetes", "v1.31.3", "x86-64", "raw"],
  ["tools-20261130-aarch64.raw", "tools", "20261130", "arm64", "raw"],
  ["modules-6.12.117-x86-64.raw", "modules", "6.12.117", "x86-64", "raw"],
  ["python3.9.tcz", "python3.9", "", "", "tcz"],
])("%s is %s %s for %s", (file, name, version, arch, kind) => {
  expect(parseFileName(file)).toEqual({ name, version, arch, kind, file });
});

test.each([
  "jq",
  ".jq.raw",
  "jq.raw.sha256",
  "-x.raw",
  "a b.raw",
  "a:b.raw",
  "a,b.raw",
  "../a.raw",
])("%s is no extension", (file) => {
  expect(parseFileName(file)).toBeUndefined();
});

test("a list has names once, with Tiny Core's endings or without, and says what is none", () => {
  const text = "jq.tcz\r\n# no\n\n skopeo \nskopeo\n../etc\nbad name\n";
  expect(parseNames(text)).toEqual({ names: ["jq", "skopeo"], wrong: ["../etc", "bad name"] });
  expect(parseName("x.raw")).toBe("x");
});

test.each([
  ["1.2", "1.10", -1],
  ["1.10", "1.10", 0],
  ["v1.31.3", "v1.31.20", -1],
  ["2.0", "1.99", 1],
  ["1.0", "1.0.1", -1],
  ["20261130", "20261101", 1],
  ["1.0a", "1.0b", -1],
])("%s against %s: %i", (a, b, order) => {
  expect(Math.sign(compareVersions(a, b))).toBe(order);
  expect(Math.sign(compareVersions(b, a))).toBe(-order === 0 ? 0 : -order);
});

describe("an extension is for this system", () => {
  const system = parseRelease('ID=boot2podman\nVERSION_ID="1.0.0"\n');
  test.each([
    ["ID=_any\nARCHITECTURE=x86-64", false, undefined],
    ["ID=_any", false, undefined],
    ['ID="boot2podman"\nVERSION_ID=1.0.0', false, undefined],
    ["ID=boot2podman", false, undefined],
    ["ID=boot2podman\nVERSION_ID=2", false, "VERSION_ID 2"],
    ["ID=boot2podman\nSYSEXT_LEVEL=1.0", false, "SYSEXT_LEVEL 1.0"],
    ["ID=flatcar\nSYSEXT_LEVEL=1.0", false, "it is for flatcar, this is boot2podman"],
    ["ID=flatcar\nSYSEXT_LEVEL=1.0", true, undefined],
    ["ID=flatcar\nARCHITECTURE=arm64", true, "it is for arm64, this machine is x86-64"],
    ["", false, "no system that it names"],
  ])("%j, any accepted: %s", (text, isAny, problem) => {
    const found = releaseMisfit(parseRelease(text), system, "x86-64", isAny);
    if (problem === undefined) {
      expect(found).toBeUndefined();
    } else {
      expect(found).toContain(problem);
    }
  });
});

describe("the order in which extensions are loaded", () => {
  const needs: Record<string, string[]> = { a: ["b", "c"], b: ["c"], c: [], x: ["y"], y: ["x"] };
  const order = (...names: string[]) =>
    orderOf(names, (name) => (Object.hasOwn(needs, name) ? needs[name] : undefined));

  test("has needed ones first, each once", () => {
    expect(order("a", "b")).toEqual({ order: ["c", "b", "a"], problems: [] });
  });

  test("names a loop and leaves all of it out", () => {
    const { order: left, problems } = order("x", "c");
    expect(left).toEqual(["c"]);
    expect(problems).toEqual(["x needs y needs x: a loop, none is loaded"]);
  });

  test("names what is missing, and who needs it", () => {
    needs.d = ["gone"];
    expect(order("d", "no")).toEqual({
      order: [],
      problems: ["gone not found, which d needs", "no not found"],
    });
  });
});
