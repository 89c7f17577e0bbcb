import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { areDisksPending } from "./pending-disks.ts";

const usb = "/sys/bus/usb/drivers/usb-storage";
const scsi = "/sys/bus/scsi/devices";

describe("a disk is still to come", () => {
  test.each<[string, boolean, Record<string, string | null>]>([
    ["no bus at all", false, {}],
    ["a USB driver without devices", false, { [`${usb}/module`]: null }],
    ["USB storage that settles", true, { [`${usb}/1-1:1.0/host6`]: null }],
    [
      "USB storage that has been looked at",
      false,
      { [`${usb}/1-1:1.0/host6/target6:0:0/6:0:0:0`]: null },
    ],
    ["a SCSI disk without its node", true, { [`${scsi}/2:0:0:0/type`]: "0\n" }],
    [
      "a SCSI disk with its node",
      false,
      { [`${scsi}/2:0:0:0/type`]: "0\n", [`${scsi}/2:0:0:0/block/sda`]: null },
    ],
    ["a SCSI optical drive", false, { [`${scsi}/2:0:0:0/type`]: "5\n" }],
    ["a SCSI host", false, { [`${scsi}/host2/type`]: "0\n" }],
  ])("%s: %s", (_, expected, files) => {
    expect(areDisksPending(new FakeKernel().lay(files))).toBe(expected);
  });
});
