import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import * as program from "../../provision/ignition/program.ts";
import { openSettings } from "../../settings/settings.ts";
import { ignite } from "./ignite.ts";
import { ignitionStage } from "./stage.ts";

const place = "/sys/firmware/qemu_fw_cfg/by_name/opt/com.coreos/config/raw";
const config = JSON.stringify({
  ignition: { version: "3.2.0" },
  passwd: { users: [{ name: "core", uid: 501 }] },
  storage: { links: [{ path: "/etc/localtime", target: "../usr/share/zoneinfo/Asia/Tokyo" }] },
});

function system(files: Record<string, string | null> = {}): FakeKernel {
  return new FakeKernel().onRun("modprobe").lay({ "/sys/firmware": null, ...files });
}

async function run(kernel: FakeKernel, commandLine = "", load = async () => program) {
  const { settings } = openSettings(`ignition.platform.id=qemu ${commandLine}`);
  const warnings: string[] = [];
  const ignited = await ignite(kernel, settings, (line) => warnings.push(line), { load });
  return { ignited, settings, warnings };
}

test("without a config nothing is loaded, and nothing is said", async () => {
  const fails = () => Promise.reject(new Error("loaded"));
  const { ignited, warnings } = await run(system(), "", fails);
  expect([ignited, warnings]).toEqual([undefined, []]);
});

test("a config's settings count from then on, and the command line wins over them", async () => {
  const kernel = system({ [place]: config });
  const { settings, warnings } = await run(kernel);
  expect(settings.options).toMatchObject({ user: "core", timeZone: "Asia/Tokyo" });
  expect(warnings).toEqual([]);
  const other = await run(kernel, "tz=UTC0");
  expect(other.settings.options).toMatchObject({ user: "core", timeZone: "UTC0" });
});

test("proxies that come beside it are laid where everybody reads them, and nothing that a shell would run", async () => {
  const text = "http_proxy=http://10.0.2.2:3128|no_proxy=a,b|x=$(id)'|2=y|evil=a\nid";
  const environment = place.replace("config", "environment");
  const kernel = system({ [place]: config, [environment]: Buffer.from(text).toString("base64") });
  await run(kernel);
  expect(kernel.readText("/etc/profile.d/default-env.sh")).toBe(
    "export http_proxy='http://10.0.2.2:3128'\nexport no_proxy='a,b'\n",
  );
});

test("a program that can't be loaded is said, and the boot goes on", async () => {
  const { ignited, warnings } = await run(system({ [place]: config }), "", () =>
    Promise.reject(new Error("Cannot find module\n'ignition.js'")),
  );
  expect(ignited).toBeUndefined();
  expect(warnings).toEqual(["Ignition: Cannot find module 'ignition.js'"]);
});

/** As the image's build makes it. */
function fat(label: string): Uint8Array {
  const folder = mkdtempSync(path.join(tmpdir(), "fat-"));
  try {
    const image = path.join(folder, "image");
    const words = ["-i", image, "-C", "-T", "2880", "-h", "2", "-s", "18", "-v", label, "::"];
    execFileSync("mformat", words, { stdio: "pipe" });
    return readFileSync(image);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A machine that was booted from our disk; `label`: of its first partition. */
function bootedFromDisk(label: string, files: Record<string, string>): FakeKernel {
  const kernel = system({
    "/sys/block/vda/vda1/partition": "1\n",
    "/sys/block/vda/vda2/partition": "2\n",
    "/sys/class/block": null,
    "/usr": null,
    "/run/boot2podman": null,
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`/fat${name}`, text])),
  });
  kernel.symlink("/sys/block/vda/vda2", "/sys/class/block/vda2");
  kernel.addBlockDevice("/dev/vda1", fat(label));
  kernel.addBlockDevice("/dev/vda2", new Uint8Array(4096));
  kernel.filesystems.set("/dev/vda1", kernel.tree.getFolder("test", "/fat"));
  kernel.mount({ source: "/dev/vda2", target: "/usr", type: "squashfs" });
  return kernel;
}

test("a config on the boot partition of the disk that /usr comes from is taken, and the partition let go", async () => {
  const kernel = bootedFromDisk("B2P-BOOT", { "/ignition/config.ign": config });
  const { settings, warnings } = await run(kernel);
  expect(warnings).toEqual([]);
  expect(settings.options.user).toBe("core");
  expect(kernel.mounts().map(({ target }) => target)).not.toContain(
    "/run/boot2podman/boot-partition",
  );
});

test.each([
  ["without that label", "OTHER", { "/ignition/config.ign": config }],
  ["without a config", "B2P-BOOT", { "/EFI/x": "" }],
])("a partition %s brings none", async (_, label, files) => {
  const { ignited, warnings } = await run(bootedFromDisk(label, files));
  expect([ignited, warnings]).toEqual([undefined, []]);
});

test("the stage comes after the data disk, and before keys and Podman", async () => {
  const { ignited } = await run(system({ [place]: config }));
  if (ignited === undefined) {
    throw new Error("there is a config");
  }
  const { needs, settled } = ignitionStage(ignited);
  expect(needs).toContain("automount");
  expect(settled).toEqual(["automount"]);
});
