import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxImage } from "./harness/container-image.ts";
import type { Identity } from "./harness/data-disk.ts";
import { TestMachine } from "./harness/test-machine.ts";
import { usedDisk } from "./harness/used-disk.ts";

const run = "podman run -d --network none --stop-timeout 2";
const forever = `${busyboxImage} sleep 100000`;

/** Names of what runs as that user, in the order of the alphabet. */
async function runningOf(machine: TestMachine, user: "root" | "tc"): Promise<string[]> {
  const names = await machine.guest("podman ps --format '{{.Names}}'", { user });
  return names
    .split("\n")
    .filter((name) => name !== "" && !name.startsWith("systemd-"))
    .sort();
}

/**
 * Quadlet files: root's container has a volume and a network of its own, and writes a line at each start. They end at
 * SIGTERM: on a slow host, ten seconds of Podman's patience for each would use up what a shutdown may take.
 */
const quadletFiles = `
cd /etc/containers/systemd
printf '[Volume]\n' >data.volume
printf '[Network]\n' >lan.network
cat >web.container <<END
[Container]
Image=${busyboxImage}
Volume=data.volume:/data
Network=lan.network
Exec=sh -c 'echo started >>/data/starts; trap exit TERM; sleep 100000 & wait'
[Service]
Restart=always
ExecStopPost=/bin/sh -c 'echo web >>/var/lib/boot2podman/stops'
[Install]
WantedBy=multi-user.target
END
cat >front.container <<END
[Unit]
Requires=web.service
After=web.service
[Container]
Image=${busyboxImage}
Network=none
Exec=sh -c 'trap exit TERM; sleep 100000 & wait'
[Service]
ExecStopPost=/bin/sh -c 'echo front >>/var/lib/boot2podman/stops'
[Install]
WantedBy=multi-user.target
END
cat >/home/tc/.config/containers/systemd/mine.container <<END
[Container]
Image=${busyboxImage}
Network=none
Exec=sh -c 'trap exit TERM; sleep 100000 & wait'
[Install]
WantedBy=default.target
END`;

/** How often that container has started, once it has so often. */
async function webStarts(machine: TestMachine, times: number): Promise<void> {
  const starts = "podman exec systemd-web cat /data/starts 2>/dev/null | grep -c started";
  await machine.root(`until [ "$(${starts})" = ${times} ]; do usleep 300000; done`);
}

/** The record of the stage that starts services, once they are. */
async function quadlet(machine: TestMachine): Promise<{ result: string; message: string }> {
  await machine.root(
    "until grep -q '\"started ' /run/boot2podman/quadlet.json; do usleep 300000; done",
  );
  return JSON.parse(await machine.root("cat /run/boot2podman/quadlet.json"));
}

/** The record of the stage, once what it began has ended. */
async function autostart(machine: TestMachine): Promise<{ result: string; message: string }> {
  await machine.root(
    "until [ -e /run/boot2podman/autostart.json ] && ! grep -q 'being started' /run/boot2podman/autostart.json; do usleep 300000; done",
  );
  return JSON.parse(await machine.root("cat /run/boot2podman/autostart.json"));
}

async function bootAgain(machine: TestMachine): Promise<void> {
  await rm(`${machine.folder}/root`, { force: true });
  await rm(`${machine.folder}/tc`, { force: true });
  await machine.powerOn();
  await machine.waitForSsh();
}

describe("containers of a machine that is booted again and again", () => {
  let identity: Identity;
  let machine: TestMachine;

  beforeAll(async () => {
    const used = await usedDisk();
    identity = used.identity;
    machine = await TestMachine.start({
      key: identity.key,
      disks: [used.disk],
      append: "boot2podman.grace=150",
    });
  });
  afterAll(async () => {
    await machine?.remove();
    await rm(identity.folder, { recursive: true, force: true });
  });

  test("are checked for their health without systemd, by root and by the user", async () => {
    const check = "--health-cmd 'test -e /tmp/ok' --health-interval 2s --health-retries 1";
    await machine.root(
      `${run} --name checked ${check} --restart always ${forever}
      podman wait --condition=unhealthy checked
      podman exec checked touch /tmp/ok
      podman wait --condition=healthy checked`,
    );
    await machine.guest(
      `${run} --name own ${check} --restart always ${forever}
      podman exec own touch /tmp/ok
      podman wait --condition=healthy own`,
    );
    const status = await machine.guest("boot2podman status");
    expect(status).toMatch(/^health {5}checked: healthy$/m);
    expect(status).toMatch(/^ {11}own of tc: healthy$/m);
    const { health } = JSON.parse(await machine.guest("boot2podman status --json"));
    expect(health).toMatchObject([
      { owner: "root", name: "checked", health: "healthy", failingStreak: 0 },
      { owner: "tc", name: "own", health: "healthy" },
    ]);
  });

  test("are services when Quadlet files say so, started again when they are killed", async () => {
    await machine.root(quadletFiles);
    expect((await machine.root("boot2podman service start web.container")).split("\n")).toEqual(
      expect.arrayContaining(["data-volume.service", "lan-network.service", "web.service"]),
    );
    await webStarts(machine, 1);
    await machine.root("podman kill systemd-web");
    await webStarts(machine, 2);
    expect(await machine.root("boot2podman service status web")).toMatch(/^restarts +1$/m);
    await machine.root("rm -f /var/lib/boot2podman/stops; boot2podman service start front");
    expect(await machine.guest("boot2podman service start mine")).toBe("mine.service");
    expect(await machine.guest("podman ps --format '{{.Names}}'")).toMatch(/^systemd-mine$/m);
  });

  test("come back after a shutdown when their policy says so, but for what was stopped", async () => {
    await machine.root(
      `${run} --name z-base --restart always ${forever}
      ${run} --name a-above --requires z-base --restart unless-stopped ${forever}
      ${run} --name stopped --restart unless-stopped ${forever}
      ${run} --name plain ${forever}
      podman stop -t 0 stopped`,
    );
    await machine.powerDown();
    await bootAgain(machine);
    expect(await autostart(machine)).toMatchObject({
      result: "ok",
      message: "started checked, z-base, a-above, own of tc",
    });
    expect(await runningOf(machine, "root")).toEqual(["a-above", "checked", "z-base"]);
    expect(await runningOf(machine, "tc")).toEqual(["own"]);
  });

  test("come back as services too, root's and the user's, which were stopped in the reverse order of their start", async () => {
    const { result, message } = await quadlet(machine);
    expect(result).toBe("ok");
    expect(await machine.root("cat /var/lib/boot2podman/stops")).toBe("front\nweb");
    for (const name of [
      "data-volume.service",
      "web.service",
      "front.service",
      "mine.service of tc",
    ]) {
      expect(message).toContain(name);
    }
    await webStarts(machine, 3);
    expect(await machine.guest("boot2podman service ls")).toMatch(/^mine\.service +running /m);
  });

  test("come back after a pulled plug too", async () => {
    await machine.guest(
      `${run} --name stopped --restart unless-stopped ${forever}; podman stop -t 0 stopped`,
    );
    await machine.root("podman stop -t 0 a-above && podman start stopped && sleep 1 && sync");
    await machine.cutPower();
    await bootAgain(machine);
    expect(await autostart(machine)).toMatchObject({
      result: "ok",
      message: "started checked, z-base, stopped, own of tc",
    });
    expect(await runningOf(machine, "root")).toEqual(["checked", "stopped", "z-base"]);
    expect(await runningOf(machine, "tc")).toEqual(["own"]);
  });

  test("stay as they are when that is switched off", async () => {
    await machine.root("echo 'autostart = false' >/var/lib/boot2podman/boot2podman.toml; sync");
    await machine.cutPower();
    await bootAgain(machine);
    expect(await autostart(machine)).toMatchObject({ result: "skipped", message: "switched off" });
    expect(await runningOf(machine, "root")).toEqual([]);
  });
});
