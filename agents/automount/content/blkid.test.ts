import { describe, expect, test } from "vitest";
import { blkidCommand, readBlkid } from "./blkid.ts";
import { bothProbes, needsSecondProbe } from "./both-probes.ts";
import type { Content } from "./content.ts";

const empty: Content = { is: "empty", zeros: false };

describe("the second probe", () => {
  test("found nothing only with status 2 and silence", () => {
    expect(readBlkid(2, "", "")).toEqual({ found: "nothing" });
    expect(readBlkid(2, "", "error: /dev/sda: Input/output error\n").found).toBe("error");
  });

  test.each([1, 4, 8, 16, 127, 137])(
    "with status %i is an error, never blank (accident 4)",
    (status) => {
      expect(readBlkid(status, "", "whatever").found).toBe("error");
    },
  );

  test("with status 0 but nothing said is an error", () => {
    expect(readBlkid(0, "DEVNAME=/dev/sda\n", "").found).toBe("error");
  });

  test("with a partition's place in its table alone has found nothing", () => {
    const place = "DEVNAME=/dev/vda4\nPART_ENTRY_SCHEME=dos\nPART_ENTRY_NUMBER=4\n";
    expect(readBlkid(0, place, "")).toEqual({ found: "nothing" });
    expect(readBlkid(0, `${place}TYPE=xfs\n`, "").found).toBe("something");
  });

  test("reads values, with what blkid escapes", () => {
    expect(readBlkid(0, "DEVNAME=/dev/sda\nLABEL=my\\ data\nTYPE=xfs\n", "")).toEqual({
      found: "something",
      values: { DEVNAME: "/dev/sda", LABEL: "my data", TYPE: "xfs" },
    });
  });

  test("is asked about a place in a disk by offset", () => {
    expect(blkidCommand("/dev/sda", 1048576)).toEqual([
      ..."blkid -p -O 1048576 -o export -- /dev/sda".split(" "),
    ]);
    expect(blkidCommand("/dev/sda", 0)).toEqual("blkid -p -o export -- /dev/sda".split(" "));
  });
});

describe("both probes together", () => {
  test("call empty only what both found empty", () => {
    expect(bothProbes(empty, { found: "nothing" })).toBe(empty);
    expect(bothProbes(empty, { found: "something", values: { TYPE: "f2fs" } })).toEqual({
      is: "foreign",
      types: ["f2fs"],
      label: undefined,
    });
    expect(bothProbes(empty, { found: "error", why: "status 4" })).toEqual({
      is: "unreadable",
      why: "status 4",
    });
  });

  test("keep a signature that blkid doesn't know", () => {
    const own: Content = { is: "foreign", types: ["VDO"], label: undefined };
    expect(bothProbes(own, { found: "nothing" })).toBe(own);
  });

  test("are both asked wherever a format could follow", () => {
    expect(needsSecondProbe(empty)).toBe(true);
    expect(needsSecondProbe({ is: "foreign", types: ["xfs"], label: undefined })).toBe(true);
  });
});
