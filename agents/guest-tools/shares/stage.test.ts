import { describe, expect, test, vi } from "vitest";
import { openDhcpClients } from "../../init-hooks/network/dhcp-clients.ts";
import { startHotplug } from "../../init-hooks/watch/hotplug.ts";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { openModuleLoader } from "../../modules/module-loader.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { defaultShareOptions } from "../../settings/options/shares.ts";
import { sharesStage } from "./stage.ts";

/** Waits until it holds, on a busy machine too. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000 });

function wanted(name: string, path: string, isReadOnly = false) {
  return { name, path, isReadOnly };
}

describe("the stage", () => {
  function system(more: Record<string, string | null> = {}): FakeKernel {
    return new FakeKernel().onRun("mount").lay({
      "/home/tc": null,
      "/etc/passwd": "tc:x:1000:50::/home/tc:/bin/sh\n",
      "/sys/fs/virtiofs/3/tag": "Users\n",
      "/sys/bus/virtio/drivers/9pnet_virtio/virtio5/mount_tag": "hosthome\0",
      "/sys/bus/virtio/drivers/9pnet_virtio/bind": "",
      ...more,
    });
  }

  function run(kernel: FakeKernel, shares = defaultShareOptions) {
    const notes = { observed: null, plan: null, done: [] };
    return sharesStage.run({ kernel, options: { ...defaultBootOptions, shares }, notes });
  }

  test("mounts what the devices offer", async () => {
    const kernel = system();
    expect(await run(kernel)).toEqual({ result: "ok", message: "/Users, /hosthome" });
    expect(kernel.runs.map(({ argv }) => argv.slice(0, 3).join(" "))).toEqual([
      "mount -t virtiofs",
      "mount -t 9p",
    ]);
    expect(kernel.stat("/Users")).toMatchObject({ kind: "folder", mode: 0o755, uid: 0 });
  });

  test("starts nothing where nothing is offered", async () => {
    const kernel = new FakeKernel();
    expect(await run(kernel)).toEqual({ result: "skipped", message: "none offered" });
    expect(kernel.runs).toEqual([]);
  });

  test("reports a share that can't be mounted, takes its folders back and mounts the others", async () => {
    const kernel = system({ "/sys/fs/virtiofs/4/tag": "c/gone\n" }).onRun("mount", (argv) =>
      argv.includes("c/gone") ? { exitCode: 32, stderr: "mount: it is\ngone\n" } : {},
    );
    await expect(run(kernel)).rejects.toThrow(
      'virtiofs share "c/gone" on /c/gone can\'t be mounted: mount: it is gone',
    );
    expect(kernel.exists("/c")).toBe(false);
    expect(kernel.exists("/Users")).toBe(true);
    expect(kernel.exists("/hosthome")).toBe(true);
  });

  test("gives a host that doesn't answer up", async () => {
    const kernel = system();
    kernel.failOn("run", "mount", "ETIMEDOUT");
    await expect(run(kernel)).rejects.toThrow(/on \/Users can't be mounted: .*ETIMEDOUT/);
    expect(kernel.exists("/Users")).toBe(false);
  });

  test("mounts what is plugged in later, and says what is wrong with it", async () => {
    const kernel = system({ "/sys/fs/virtiofs/9/tag": "../late\n" });
    kernel.lay({ "/proc/sys/kernel/osrelease": "6.12\n", "/sys/class/net/lo": null });
    const clients = openDhcpClients(kernel);
    const loader = openModuleLoader(kernel, []);
    kernel.onRun("modprobe");
    startHotplug(kernel, defaultBootOptions, { loader, clients, seen: new Set() });
    const add = (modalias: string) =>
      kernel.emitUevent({ action: "add", devpath: "/x", values: { MODALIAS: modalias } });
    add("virtio:d00000002v00001AF4");
    await eventually(() => expect(kernel.runs).toEqual([]));
    add("virtio:d0000001Av00001AF4");
    await eventually(() =>
      expect(kernel.runs.map(({ argv }) => argv.at(-1))).toEqual(["/Users", "/hosthome"]),
    );
    await eventually(() =>
      expect(kernel.consoleLines).toEqual([expect.stringMatching(/"\.\.\/late".*is not mounted/)]),
    );
  });

  test("follows no link on the way to a share's place", async () => {
    const kernel = system();
    kernel.symlink("/etc", "/home/tc/src");
    const shares = { isAutomatic: false, wanted: [wanted("Users", "/home/tc/src/ssh")] };
    await expect(run(kernel, shares)).rejects.toThrow(/on \/home\/tc\/src\/ssh can't be mounted/);
    expect(kernel.runs).toEqual([]);
  });
});
