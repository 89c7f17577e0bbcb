import { describe, expect, test } from "vitest";
import { parseBootOptions } from "../parse-boot-options.ts";
import { defaultAutomountOptions } from "./automount.ts";

function parse(commandLine: string) {
  const { options, warnings } = parseBootOptions(commandLine);
  return { ...options.automount, warnings };
}

describe("the boot options of automount", () => {
  test.each([
    ["loglevel=3", {}],
    ["boot2podman.automount=off", { enabled: false }],
    ["boot2podman.format=never", { format: "never" }],
    ["boot2podman.format=blank", { format: "blank" }],
    ["boot2podman.disk=sdb", { disk: { by: "name", value: "sdb" } }],
    ["boot2podman.disk=/dev/nvme0n1p2", { disk: { by: "name", value: "nvme0n1p2" } }],
    ["boot2podman.disk=UUID=ABC-1", { disk: { by: "uuid", value: "abc-1" } }],
    ["boot2podman.disk=LABEL=My_Data", { disk: { by: "label", value: "My_Data" } }],
    ["waitusb=5", { wait: { timeoutMs: 5000, for: undefined } }],
    ["waitusb=5:LABEL=x", { wait: { timeoutMs: 5000, for: { by: "label", value: "x" } } }],
    ["waitusb=5:UUID=AB", { wait: { timeoutMs: 5000, for: { by: "uuid", value: "ab" } } }],
    ["waitusb=9999", { wait: { timeoutMs: 600_000, for: undefined } }],
  ])("%s", (commandLine, expected) => {
    expect(parse(commandLine)).toEqual({ ...defaultAutomountOptions, ...expected, warnings: [] });
  });

  test.each([
    ["boot2podman.automount=of", { enabled: false }],
    ["boot2podman.format=yes", { format: "never" }],
    ["boot2podman.disk=../x", { disk: { by: "nothing" } }],
    ["boot2podman.disk=", { disk: { by: "nothing" } }],
    ["waitusb=x", {}],
    ["waitusb=5:NAME=x", {}],
  ])("%s is warned about and allows nothing more", (commandLine, expected) => {
    const { warnings, ...options } = parse(commandLine);
    expect(warnings).toEqual([expect.stringContaining(`boot option ${commandLine}: expected`)]);
    expect(options).toEqual({ ...defaultAutomountOptions, ...expected });
  });

  test("of one boot don't change those of the next", () => {
    parse("boot2podman.format=blank");
    expect(parse("")).toEqual({ ...defaultAutomountOptions, warnings: [] });
  });
});
