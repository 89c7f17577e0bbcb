import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { type KnownTime, planEarliest, raiseClock, spanOfThisBoot } from "./earliest-time.ts";

const at = (text: string) => Date.parse(`${text}T12:00:00Z`);
const image = (date: string): KnownTime => ({ by: "the image's date", ms: at(date) });
const written = (date: string): KnownTime => ({
  by: "the last time written on the data disk",
  ms: at(date),
});

test.each([
  ["2000-01-01", [image("2026-11-20")], "2026-11-20"],
  ["2026-11-20", [image("2026-11-20")], undefined],
  ["2031-05-05", [image("2026-11-20")], undefined],
  ["2000-01-01", [image("2026-11-20"), written("2028-02-03")], "2028-02-03"],
  ["2027-01-01", [image("2026-11-20"), written("2028-02-03")], "2028-02-03"],
  ["2000-01-01", [image("2026-11-20"), written("2021-02-03")], "2026-11-20"],
  // Whoever wrote that had no clock either.
  ["2000-01-01", [image("2026-11-20"), written("2099-01-01")], "2026-11-20"],
  ["2000-01-01", [], undefined],
])("a clock of %s, with %j known, is set to %s", (now, known, expected) => {
  expect(planEarliest(at(now), known)?.ms).toBe(expected === undefined ? undefined : at(expected));
});

/** A machine whose clock says the start of 2000, with an image of 2026. */
function system() {
  const kernel = new FakeKernel().lay({ "/usr/lib/os-release": "" });
  kernel.tree.get("test", "/usr/lib/os-release", true).mtimeMs = at("2026-11-20");
  kernel.clockErrorMs = at("2000-01-01") - kernel.trueMs();
  return kernel;
}

test("a clock before the image's date is set to it, and it is said", () => {
  const kernel = system();
  expect(raiseClock(kernel)).toBe(
    "the clock said 2000-01-01 12:00 UTC and was set to the image's date, 2026-11-20 12:00 UTC, until a time server answers",
  );
  expect(kernel.nowMs()).toBe(at("2026-11-20"));
  expect(raiseClock(kernel)).toBeUndefined();
});

test("what was written on the data disk last counts, when there is one", () => {
  const kernel = system();
  const [stamp, log] = ["/var/lib/boot2podman/clock", "/var/lib/boot2podman/log/messages"];
  const lay = () => {
    kernel.lay({ [stamp]: "", [log]: "" });
    kernel.tree.get("test", stamp, true).mtimeMs = at("2027-01-01");
    kernel.tree.get("test", log, true).mtimeMs = at("2027-02-02");
  };
  lay();
  // Without a disk that folder is of this boot.
  expect(raiseClock(kernel)).toContain("the image's date");
  kernel.mount({ source: "/dev/sda1", target: "/var/lib/boot2podman", type: "ext4", flags: [] });
  lay();
  expect(raiseClock(kernel)).toMatch(/the last time written on the data disk, 2027-02-02/);
  expect(kernel.nowMs()).toBe(at("2027-02-02"));
});

test("what this boot has written so far tells nothing, also when its clock was two hours ahead", () => {
  const kernel = system();
  kernel.lay({ "/var/lib/boot2podman": null });
  kernel.clockErrorMs += at("2027-01-01") - kernel.nowMs();
  kernel.mount({ source: "/dev/sda1", target: "/var/lib/boot2podman", type: "ext4", flags: [] });
  kernel.lay({ "/var/lib/boot2podman/seed": "" });
  kernel.tree.get("test", "/var/lib/boot2podman/seed", true).mtimeMs = kernel.nowMs() - 500;
  const thisBoot = spanOfThisBoot(kernel);
  kernel.hardwareClockIsLocal(120);
  expect(raiseClock(kernel, thisBoot)).toBeUndefined();
});
