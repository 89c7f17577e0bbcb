import { describe, expect, test } from "vitest";
import { parseMountinfo } from "./parse-mountinfo.ts";
import { parseUevent } from "./parse-uevent.ts";

describe("parseMountinfo", () => {
  test("reads a line with propagation, and one without", () => {
    const text = [
      "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue",
      "21 1 0:20 / / rw,relatime - tmpfs root rw,size=566272k",
      "",
    ].join("\n");
    expect(parseMountinfo(text)).toEqual([
      {
        id: 36,
        parentId: 35,
        device: "98:0",
        root: "/mnt1",
        target: "/mnt2",
        options: ["rw", "noatime"],
        propagation: ["master:1", "shared:7"],
        type: "ext3",
        source: "/dev/root",
        superOptions: ["rw", "errors=continue"],
      },
      expect.objectContaining({ target: "/", type: "tmpfs", propagation: [], source: "root" }),
    ]);
  });

  test("undoes the kernel's escapes of spaces and backslashes", () => {
    const [mount] = parseMountinfo("1 0 0:1 / /mnt/a\\040b\\134c rw - fuse x\\011y rw\n");
    expect(mount?.target).toBe("/mnt/a b\\c");
    expect(mount?.source).toBe("x\ty");
  });

  test("leaves out what has another form", () => {
    expect(parseMountinfo("garbage\n1 0 0:1 / /x rw - ext4\n\n")).toEqual([]);
  });
});

describe("parseUevent", () => {
  const message = (...fields: string[]) =>
    new TextEncoder().encode(fields.map((f) => `${f}\0`).join(""));

  test("reads the kernel's message", () => {
    expect(
      parseUevent(
        message(
          "add@/devices/pci0000:00/0000:00:05.0",
          "ACTION=add",
          "SUBSYSTEM=pci",
          "MODALIAS=pci:v00008086d0000100Esv=1",
        ),
      ),
    ).toEqual({
      action: "add",
      devpath: "/devices/pci0000:00/0000:00:05.0",
      values: { ACTION: "add", SUBSYSTEM: "pci", MODALIAS: "pci:v00008086d0000100Esv=1" },
    });
  });

  test.each(["libudev", "@/devices", "add", ""])("isn't fooled by %j", (header) => {
    expect(parseUevent(message(header))).toBeUndefined();
  });
});
