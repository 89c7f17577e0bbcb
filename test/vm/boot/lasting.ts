import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { busyboxImage } from "../harness/container-image.ts";
import { eventually } from "../harness/eventually.ts";
import { expectFirmwareBoot, isoWays } from "../harness/iso-ways.ts";
import { test } from "./booted.ts";

interface ShownStage {
  stage: string;
  result: string;
  message: string;
}

function stageOf({ stages }: { stages: ShownStage[] }, name: string): ShownStage {
  const found = stages.find(({ stage }) => stage === name);
  if (found === undefined) {
    throw new Error(`no stage ${name}`);
  }
  return found;
}

/** What stays over a restart and a pulled plug, also when another loader starts the image, and what nobody touches. To be called last: they switch the machine off. */
export function lastingTests(): void {
  let hostKeys: string;

  test("keeps data and host keys over a clean restart, with a full disk too, and has room for keys left; the ISO boots by BIOS from a SATA DVD", async ({
    booted: { machine },
  }) => {
    const way = isoWays["BIOS from a SATA DVD"];
    hostKeys = await machine.root("cat /etc/ssh/ssh_host_*_key.pub");
    expect(hostKeys).toMatch(/ssh-ed25519/);
    await machine.root("echo hello > /var/lib/boot2podman/note; podman volume create stays");
    const full = "~/.local/share/containers/full";
    const freeKib = "df -k /var/lib/containers | awk 'END { print $4 }'";
    await machine.guest(`mkdir ${full} && fallocate -l $(${freeKib})K ${full}/file || true`);
    expect(await machine.guest(freeKib)).toBe("0");
    const took = await machine.powerDown();
    // 20 s where the boot took 12 or less; a busy host takes longer for both.
    expect(took).toBeLessThan(Math.max(20_000, (machine.bootMs * 20) / 12));
    Object.assign(machine.options, way);
    await machine.powerOn();
    await machine.waitForSsh();
    await expectFirmwareBoot(machine, way, "vda1");
    expect(await machine.root("cat /etc/ssh/ssh_host_ed25519_key.pub")).toBe(
      hostKeys.split("\n").find((line) => line.startsWith("ssh-ed25519")),
    );
    expect(await machine.root("cat /var/lib/boot2podman/note")).toBe("hello");
    const status = JSON.parse(await machine.guest("boot2podman status --json"));
    const failed = status.stages.filter((stage: { result: string }) => stage.result === "failed");
    expect(failed).toEqual([]);
    expect(stageOf(status, "stores").message).toBe("clean shutdown");
    expect(stageOf(status, "store-check").result).toBe("skipped");
    await machine.root("cp /etc/hostname /var/lib/boot2podman/etc/ssh/there-is-room");
    await machine.guest(`rm -r ${full}`);
    expect(await machine.root("podman volume ls -q")).toMatch(/^stays$/m);
    expect(await machine.root("dmesg | grep -c 'recovering journal' || true")).toBe("0");
  });

  test("keeps them when the plug is pulled while containers write; the ISO boots by BIOS from a USB stick", async ({
    booted: { machine },
  }) => {
    const way = isoWays["BIOS from a USB stick"];
    await machine.root("echo again > /var/lib/boot2podman/note; sync");
    await machine.root("podman network create lasting");
    const write = "i=0; while true; do i=$((i+1)); echo $i > /data/n$((i % 100)); done";
    await machine.root(
      `podman run -d --network none --name writer -v box1:/data ${busyboxImage} sh -c '${write}'`,
    );
    await machine.root(
      "while [ ! -s /var/lib/containers/storage/volumes/box1/_data/n99 ]; do usleep 100000; done",
    );
    // Podman flushes its lists, and the layer's files have not been written by themselves so soon.
    await machine.root(
      `mkdir /tmp/fresh && cd /tmp/fresh && cp /usr/bin/busybox . && head -c 5000000 /dev/urandom > noise && sha256sum noise > sum && tar -c . | podman import -q - localhost/fresh && podman run -d --network none --name fresh localhost/fresh /busybox sleep 1000`,
    );
    const listed = "podman images -q --no-trunc localhost/fresh; podman network ls -q";
    const before = await machine.root(listed);
    await machine.cutPower();
    Object.assign(machine.options, way);
    await machine.powerOn();
    await machine.waitForSsh();
    await expectFirmwareBoot(machine, way, "vda1");
    expect(await machine.root("cat /var/lib/boot2podman/note")).toBe("again");
    expect(await machine.root(listed)).toBe(before);
    expect(
      await machine.root("podman start fresh && podman exec fresh /busybox sha256sum -c sum"),
    ).toContain("noise: OK");
    await machine.root("podman rm --force --time 0 fresh");
    const status = async () => JSON.parse(await machine.guest("boot2podman status --json"));
    expect(stageOf(await status(), "stores").message).toBe(
      "power cut: the last boot had no shutdown",
    );
    const checked = await eventually(
      async () => stageOf(await status(), "store-check"),
      ({ message }) => !message.includes("is being checked"),
    );
    expect(checked.message).toContain("no damage");
    expect(checked.result).toBe("ok");
    // Podman may have had no time to write more than that the container exists.
    await machine.root("podman rm --force --ignore writer");
    expect(
      await machine.root(
        `podman run --rm --network none -v box1:/data ${busyboxImage} cat /data/file`,
      ),
    ).toBe("kept");
    expect(await machine.root("cat /etc/ssh/ssh_host_ed25519_key.pub")).toBe(
      hostKeys.split("\n").find((line) => line.startsWith("ssh-ed25519")),
    );
  });

  test("has not changed a byte of the foreign disks", async ({ booted: { machine, foreign } }) => {
    await machine.powerDown();
    for (const disk of foreign) {
      const same = (await readFile(disk.file)).equals(await readFile(`${disk.file}.before`));
      expect(same, disk.file).toBe(true);
    }
  });
}
