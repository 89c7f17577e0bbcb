import { expect } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { test } from "./given.ts";

/** What the host can ask of QEMU's guest agent, and what not. */
export function agentTests(): void {
  test("answers the host by the guest agent, with its addresses", async ({ given: { agent } }) => {
    expect(await agent.ask("guest-sync", { id: 4711 })).toBe(4711);
    await agent.ask("guest-ping");
    const addresses = JSON.stringify(await agent.ask("guest-network-get-interfaces"));
    expect(addresses).toContain('"ip-address":"10.0.2.15"');
    expect(await agent.ask("guest-get-host-name")).toEqual({ "host-name": "late-7" });
  });

  test.for<[string, Record<string, unknown>]>([
    ["guest-exec", { path: "/bin/id" }],
    ["guest-file-open", { path: "/etc/shadow" }],
    ["guest-ssh-add-authorized-keys", { username: "tc", keys: [] }],
    ["guest-set-user-password", { username: "tc", password: "eA==", crypted: false }],
  ])("lets the host not use %s", async ([command, args], { given: { agent } }) => {
    await expect(agent.ask(command, args)).rejects.toThrow(
      /CommandNotFound: .*(disabled|blocked|not allowed)/,
    );
  });

  test("freezes the data disk for a snapshot and thaws it", async ({
    given: { machine, agent },
  }) => {
    // The owner's part is told before and after; it may write, since the freeze waits for it.
    const own = "/var/lib/boot2podman/freeze.sh";
    await machine.root(
      `printf '#!/bin/sh\\necho $1 >>/var/lib/boot2podman/frozen\\n' >${own} && chmod 755 ${own}`,
    );
    expect(await agent.ask("guest-fsfreeze-freeze")).toBeGreaterThanOrEqual(1);
    try {
      expect(await agent.ask("guest-fsfreeze-status")).toBe("frozen");
      const write = machine.root("echo late > /var/lib/boot2podman/late && echo written");
      const first = await Promise.race([
        write,
        new Promise<string>((resolve) => setTimeout(() => resolve("waits"), 4_000)),
      ]);
      expect(first).toBe("waits");
      expect(await agent.ask("guest-fsfreeze-thaw")).toBeGreaterThanOrEqual(1);
      expect(await write).toBe("written");
    } finally {
      await agent.ask("guest-fsfreeze-thaw");
    }
    expect(await machine.root("ls /run/boot2podman/thaw-timer 2>/dev/null | wc -l")).toBe("0");
    expect(await machine.root("cat /var/lib/boot2podman/frozen")).toMatch(
      /^freeze\nthaw(\nthaw)?$/,
    );
    // One that is no file is not run, and holds nothing up.
    await machine.root(`rm ${own} && mkfifo -m 755 ${own}`);
    expect(await agent.ask("guest-fsfreeze-freeze")).toBeGreaterThanOrEqual(1);
    expect(await agent.ask("guest-fsfreeze-thaw")).toBeGreaterThanOrEqual(1);
    await machine.root(`rm ${own}`);
  });

  test("thaws by itself when nobody asks for it", async ({ given: { machine } }) => {
    // The timer's own work, without its minute.
    await machine.root("fsfreeze --freeze /var/lib/boot2podman");
    const hook = "sed 's/^limit=60$/limit=1/' /usr/lib/boot2podman/freeze-hook > /tmp/hook";
    await machine.root(`${hook}; chmod +x /tmp/hook; /tmp/hook freeze`);
    expect(await machine.root("echo x > /var/lib/boot2podman/late && echo written")).toBe(
      "written",
    );
    // The write may go on before the log has it.
    await eventually(
      () => machine.root("dmesg"),
      (log) => /was frozen for 1 s; thawed/.test(log),
    );
  });

  test("takes the time that the host sets", async ({ given: { machine, agent } }) => {
    const timeMs = Date.now() + 86_400_000;
    await agent.ask("guest-set-time", { time: timeMs * 1e6 });
    const there = Number(await machine.guest("date +%s")) * 1000;
    expect(Math.abs(there - timeMs)).toBeLessThan(120_000);
    await agent.ask("guest-set-time", { time: Date.now() * 1e6 });
  });

  test("starts the agent again when it ends", async ({ given: { machine, agent } }) => {
    await machine.root("kill -9 $(pidof qemu-ga)");
    await eventually(
      () => machine.root("dmesg | grep -c 'qemu-ga ended' || true"),
      (count) => count === "1",
    );
    await agent.ask("guest-ping");
  });
}
