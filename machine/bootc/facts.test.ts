import { describe, expect, test } from "vitest";
import { parseEntry } from "./direct-kernel.ts";
import { parseMark } from "./disk-meta.ts";
import { ephemeralCommandLine, parseSaid } from "./ephemeral.ts";
import { findFirmware } from "./firmware.ts";
import { parseInspected, parseListed } from "./guest-image.ts";
import { installWords } from "./install.ts";
import { ago, diskBytes, humanSize, parseSize } from "./size.ts";

describe("sizes", () => {
  test.each([
    ["4096", 4096],
    ["512M", 512 * 2 ** 20],
    ["20G", 20 * 2 ** 30],
    ["1t", 2 ** 40],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(["", "0", "G", "10 G", "-1G", "1.5G", "10X", "99999999T"])("%j is none", (text) => {
    expect(() => parseSize(text)).toThrow("is not a size");
  });

  test.each([
    [0, "0B"],
    [999, "999B"],
    [10_737_418_240, "10.7GB"],
    [278_877_328, "279MB"],
    [1000, "1kB"],
  ])("%d bytes are shown as %s", (bytes, text) => {
    expect(humanSize(bytes)).toBe(text);
  });

  test.each([
    [278_000_000, undefined, 10 * 2 ** 30],
    [6 * 2 ** 30, undefined, 12 * 2 ** 30],
    [0, 20 * 2 ** 30 + 1, 20 * 2 ** 30 + 4096],
    [0, 2 ** 20, 10 * 2 ** 30],
  ])("an image of %d bytes, with %s asked for, has a disk of %d", (image, asked, bytes) => {
    expect(diskBytes(image, asked)).toBe(bytes);
  });

  test.each([
    [0, "Less than a second ago"],
    [1, "1 second ago"],
    [59, "59 seconds ago"],
    [61, "About a minute ago"],
    [3599, "59 minutes ago"],
    [3700, "About an hour ago"],
    [47 * 3600, "47 hours ago"],
    [3 * 86_400, "3 days ago"],
    [15 * 86_400, "2 weeks ago"],
    [90 * 86_400, "3 months ago"],
    [800 * 86_400, "2 years ago"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(ago(0, seconds * 1000)).toBe(text);
  });
});

const id = "c45ec5ef2eaf76bec1ea0470f864da655bfc075a7d66b1946fafbcf782e0360c";

test("an image is known by its ID, size, name and label", () => {
  const text = JSON.stringify([
    {
      Id: id,
      Size: 278_877_328,
      RepoTags: ["localhost/os:1", "localhost/os:latest"],
      Labels: { "containers.bootc": "1" },
    },
  ]);
  expect(parseInspected(text, "os")).toEqual({
    id,
    sizeBytes: 278_877_328,
    repoTag: "localhost/os:1",
    isBootc: true,
  });
});

test.each([["without a name or label", [{ Id: id, Size: 1, RepoTags: [], Labels: null }], id]])(
  "an image %s has its ID for a name",
  (_, described, name) => {
    const image = parseInspected(JSON.stringify(described), id);
    expect(image).toMatchObject({ repoTag: name, isBootc: false });
  },
);

test.each(["", "[]", "{}", '[{"Id":"../../etc","Size":1}]'])(
  "podman's description %j is refused",
  (text) => {
    expect(() => parseInspected(text, "os")).toThrow("can't be read");
  },
);

test("images are listed by name, the newest first, one with two names twice", () => {
  const image = { Id: id, Created: 100, Size: 5, Names: ["host:5000/a/os:2", "localhost/os:1"] };
  const later = { Id: "b".repeat(64), Created: 200, Size: 6, Names: null };
  // Podman has a line for each name, and all names in each.
  const lines = parseListed(JSON.stringify([image, image, later]));
  expect(lines.map(({ repository, tag }) => `${repository} ${tag}`)).toEqual([
    "<none> <none>",
    "host:5000/a/os 2",
    "localhost/os 1",
  ]);
});

const sha256 = "a".repeat(64);

test("what the machine laid behind the filesystem is read, and the image's kernel arguments", () => {
  const kargs = Buffer.from('kargs = ["console=hvc0", "audit=0"]\n').toString("base64");
  const foreign = Buffer.from('kargs = ["x"]\nmatch-architectures = ["s390x"]\n').toString(
    "base64",
  );
  const said = `file 10240 11737024 ${sha256}\nfile 10252 5 ${sha256}\nkargs ${kargs}\nkargs ${foreign}\n`;
  expect(parseSaid(said)).toEqual({
    kernel: { at: 10_240 * 2 ** 20, sizeBytes: 11_737_024, sha256 },
    initrd: { at: 10_252 * 2 ** 20, sizeBytes: 5, sha256 },
    kernelArguments: "console=hvc0 audit=0",
  });
});

test.each([
  ["", "didn't say where"],
  [`file 1 2 ${sha256}\n`, "didn't say where"],
  [
    `file 1 2 ${sha256}\nfile 3 4 ${sha256}\nkargs ${Buffer.from("kargs = 1").toString("base64")}\n`,
    "can't be read as bootc would",
  ],
  [
    `file 1 2 ${sha256}\nfile 3 4 ${sha256}\nkargs ${Buffer.from("= [").toString("base64")}\n`,
    "can't be read as bootc would",
  ],
])("what it says without sense is refused: %j", (said, reason) => {
  expect(() => parseSaid(said)).toThrow(reason);
});

test("without an installation the kernel finds its root by the label", () => {
  const own = process.arch === "arm64" ? "ttyAMA0" : "ttyS0";
  expect(ephemeralCommandLine("audit=0")).toBe(
    `root=LABEL=bootc-root rw console=${own} selinux=0 audit=0`,
  );
});

test("a boot loader's entry gives the kernel's arguments, and the serial console is added", () => {
  const own = process.arch === "arm64" ? "ttyAMA0" : "ttyS0";
  const entry = "title x\nlinux /a\ninitrd /b\noptions root=UUID=1 rw ostree=/ostree/boot.1/x\n";
  expect(parseEntry(entry)).toBe(`root=UUID=1 rw ostree=/ostree/boot.1/x console=${own}`);
  expect(parseEntry(`options root=/dev/vda console=${own}\n`)).toBe(`root=/dev/vda console=${own}`);
  expect(() => parseEntry("title x\n")).toThrow("no arguments");
});

test.each([
  [{ filesystem: undefined, rootSize: undefined }, []],
  [{ filesystem: "xfs", rootSize: "8G" }, ["--filesystem", "xfs", "--root-size=8G"]],
])("bootc install is given %j as %j", (options, words) => {
  expect(installWords({ ...options, log: undefined, isQuiet: false })).toEqual(words);
});

test.each([
  ['{"imageDigest":"abc"}', "abc"],
  ["{}", undefined],
  ['{"imageDig', undefined],
])("a disk marked %j is of the image %s", (text, digest) => {
  expect(parseMark(text)).toBe(digest);
});

describe("the firmware", () => {
  test.each([
    ["amd64", "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"],
    ["amd64", "/usr/share/qemu/edk2-x86_64-code.fd", "/usr/share/qemu/edk2-i386-vars.fd"],
    [
      "arm64",
      "/opt/homebrew/share/qemu/edk2-aarch64-code.fd",
      "/opt/homebrew/share/qemu/edk2-arm-vars.fd",
    ],
  ] as const)("for %s is found at %s", (architecture, code, variables) => {
    const isThere = (path: string) => path === code || path === variables;
    expect(findFirmware(architecture, isThere)).toEqual({ code, variables });
  });

  test("that is missing is told with its package", () => {
    expect(() => findFirmware("amd64", () => false)).toThrow("install the package ovmf");
  });
});
