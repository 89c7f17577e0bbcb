import { expect, test } from "vitest";
import type { IgnitionUnit } from "./ignition.ts";
import { planUnits } from "./plan-units.ts";

const bare: IgnitionUnit = { name: "", enabled: undefined, mask: false, contents: "", dropIns: [] };
const mount = (options: string, type = "virtiofs") =>
  `[Mount]\nWhat=work\nWhere=/srv/my work\nType=${type}\nOptions=${options}\n`;

test.each<[string, Partial<IgnitionUnit>, string[], string[]]>([
  ["ours, on", { name: "podman.socket", enabled: true }, [], []],
  [
    "ours, off",
    { name: "sshd.service", enabled: false },
    [],
    ["unit sshd.service: it is always on"],
  ],
  [
    "ours, masked",
    { name: "podman.socket", mask: true },
    [],
    ["unit podman.socket: it is always on"],
  ],
  [
    "ours, changed",
    { name: "sshd.service", dropIns: ["x.conf"] },
    [],
    ["unit sshd.service: x.conf"],
  ],
  ["somebody's that isn't here, off", { name: "zincati.service", enabled: false }, [], []],
  ["somebody's, masked", { name: "x.service", mask: true, contents: "[Unit]" }, [], []],
  ["somebody's, on", { name: "x.service", enabled: true }, [], ["unit x.service"]],
  ["somebody's, as a file", { name: "x.timer", contents: "[Timer]" }, [], ["unit x.timer"]],
  ["by what it is for", { name: "ready.service", enabled: true, contents: "[Service]" }, [], []],
  [
    "a share",
    { name: "a.mount", enabled: true, contents: mount("context=x") },
    ["work:/srv/my work"],
    [],
  ],
  [
    "a share, read-only",
    { name: "a.mount", enabled: true, contents: mount("ro,x") },
    ["work:/srv/my work:ro"],
    [],
  ],
  [
    "a mount of a disk",
    { name: "a.mount", enabled: true, contents: mount("", "ext4") },
    [],
    ["unit a.mount"],
  ],
])("a unit that is %s", (_, unit, shares, notHonoured) => {
  expect(planUnits([{ ...bare, ...unit }])).toEqual({
    settings: shares.map((value) => ({ name: "boot2podman.share", value })),
    notHonoured,
  });
});
