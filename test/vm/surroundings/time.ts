import { expect } from "vitest";
import type { TestMachine } from "../harness/test-machine.ts";
import { test } from "./surrounded.ts";
import { until } from "./until.ts";

/** A clock that is years wrong and shows local time, and pauses that the guest is not told of. */
export function timeTests(): void {
  test("the hardware clock's time was taken for the zone's, as rtc=local asks for", async ({
    surrounded: { machine },
  }) => {
    expect(await machine.root("boot2podman status")).toMatch(
      /^clock +ok .* the hardware clock shows local time, UTC\+0200 \(rtc=local\)$/m,
    );
  });

  test("the clock was set right, whatever the hardware's says, and is shown in the zone of tz=", async ({
    surrounded: { machine },
  }) => {
    await until(machine, "test -e /run/boot2podman/time.json");
    expect(await machine.root("boot2podman status")).toMatch(/^time +ok .* off by \d{8,}\.\d+ s/m);
    expect(Math.abs(await clockErrorS(machine))).toBeLessThan(2);
    expect(await machine.root("date +%Z; date -d @1783000000 +%Z")).toBe(
      `${await machine.root("date +%Z")}\nCEST`,
    );
  });

  test("the clock is right within two seconds after the machine stood still (accident 11)", async ({
    surrounded: { machine, monitor, timeServer },
  }) => {
    const before = timeServer.asked;
    const timesSet = "$(dmesg | grep -c 'time: set by 10.0.2.2')";
    const timesBefore = await machine.root(`echo ${timesSet}`);
    await monitor.execute("stop");
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await monitor.execute("cont");
    await until(machine, `test ${timesSet} -gt ${timesBefore}`);
    expect(timeServer.asked).toBeGreaterThan(before);
    expect(Math.abs(await clockErrorS(machine))).toBeLessThan(2);
  });

  test("and by the hardware clock when no time server answers then", async ({
    surrounded: { machine, monitor, timeServer },
  }) => {
    timeServer.answers = false;
    // Within two seconds of a correction the kernel sets the hardware clock by its own, and says nothing of
    // it: a pause before that is one that nobody can see.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await monitor.execute("stop");
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await monitor.execute("cont");
    await until(machine, "dmesg | grep -q 'time: set by the hardware clock'");
    expect(Math.abs(await clockErrorS(machine))).toBeLessThan(2);
    timeServer.answers = true;
  });
}

/** How far the guest's clock is from this host's, in seconds, give or take the time to ask and one second. */
async function clockErrorS(machine: TestMachine): Promise<number> {
  const before = Date.now() / 1000;
  const guest = Number(await machine.root("date +%s"));
  const after = Date.now() / 1000;
  return guest < before - 1 ? guest - before + 1 : Math.max(0, guest - after);
}
