import path from "node:path";
import { expect } from "vitest";
import { test } from "./given.ts";

/** What a NoCloud disk brings that wasn't there when the machine was switched on, nor was the data disk. */
export function lateDiskTests(): void {
  test("takes the key, the name and the network of a NoCloud disk that is plugged in while the boot waits for its data disk", async ({
    given: { identity, machine },
  }) => {
    expect(
      await machine.root("grep -c '^/dev/sd[a-z]1 /var/lib/containers ext4 rw' /proc/mounts"),
    ).toBe("1");
    expect(await machine.root("sshkeys status")).toMatch(
      /^ +ssh-ed25519 \S+ nocloud \(from NoCloud disk \/dev\/sd[a-z]1\)$/m,
    );
    const login = await machine.logIn("tc", path.join(identity.folder, "nocloud"));
    expect(login.stdout.trim()).toBe("tc");
    expect(await machine.root("hostname")).toBe("late-7");
    const shown = await machine.root("ip addr show dev eth0; cat /run/boot2podman/settings.json");
    expect(shown).toMatch(/mtu 1400/);
    expect(shown).toContain("inet 10.77.0.5/24");
    expect(shown).toContain("inet 10.0.2.15/24");
    expect(shown).toContain("set the network of a NoCloud disk that came late: eth0");
  });
}
