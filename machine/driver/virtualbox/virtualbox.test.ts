import {
  appendFile,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { changeMachine } from "../../life/change.ts";
import { createMachine } from "../../life/create.ts";
import { listMachines } from "../../life/list.ts";
import { removeMachine } from "../../life/remove.ts";
import { startMachine } from "../../life/start.ts";
import { killMachine, stopMachine } from "../../life/stop.ts";
import { filesIn, machineFolder } from "../../store/machine-files.ts";
import type { WantedSettings } from "../contract/driver.ts";
import type { NewMachine } from "../contract/new-machine.ts";
import { parseVmState } from "./vboxmanage.ts";

let folder: string;
let store: string;
let path: string | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vbox-"));
  store = join(folder, "s");
  await mkdir(join(folder, "image"));
  await writeFile(join(folder, "image/boot2podman.iso"), "iso");
  const names = ["vmlinuz64", "corepure64.gz", "boot2podman.gz"];
  const artifacts = names.map((name) => ({ name, sha256: "" }));
  const manifest = { version: "1", arch: "amd64", kernel: { commandLine: "" }, artifacts };
  await writeFile(join(folder, "image/manifest.json"), JSON.stringify(manifest));
  await symlink(join(import.meta.dirname, "fake-vboxmanage.sh"), join(folder, "VBoxManage"));
  path = process.env.PATH;
  process.env.PATH = `${folder}:${path}`;
  process.env.FAKE_VBOX = folder;
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(folder, { recursive: true });
});

const host = () => ({
  store,
  report: {
    line: () => undefined,
    warn: () => undefined,
    progress: () => undefined,
    stage: () => undefined,
  },
});

const wanted = (): NewMachine<"virtualbox"> => ({
  driver: "virtualbox",
  labels: [],
  rootful: true,
  connection: false,
  settings: {
    SSHPort: 42_222,
    SSHUser: "tc",
    Memory: 1024,
    CPU: 2,
    DiskSize: 300,
    Image: join(folder, "image"),
    ShareFolder: "/home/me:hosthome",
    Publish: [{ HostIP: "127.0.0.1", HostPort: 8080, GuestPort: 80, Protocol: "tcp" }],
  },
});

/** The calls since the last time, with the test's folder left out. */
async function calls(): Promise<string[]> {
  const file = join(folder, "calls");
  const text = await readFile(file, "utf8");
  await rm(file);
  return text.trim().replaceAll(folder, "").split("\n");
}

const settings = [
  "modifyvm box --memory 1024 --cpus 2",
  "storageattach box --storagectl SATA --port 0 --device 0 --type dvddrive --medium /image/boot2podman.iso",
];
const sshRule = "modifyvm box --natpf1 ssh,tcp,127.0.0.1,42222,,22";
const publishedRule = "modifyvm box --natpf1 published0,tcp,127.0.0.1,8080,,80";
const removals = ["modifyvm box --natpf1 delete ssh", "modifyvm box --natpf1 delete published0"];
const starting = "startvm box --type headless";

test("a machine's life is these calls of VBoxManage", async () => {
  await createMachine(host(), "box", wanted());
  const disk = "/s/machines/box/disk.vdi";
  expect(await calls()).toEqual([
    "convertfromraw /s/machines/.creating-box/disk.raw /s/machines/.creating-box/disk.vdi --format VDI",
    "createvm --basefolder /s/machines/box --name box --ostype Linux26_64 --register",
    "modifyvm box --firmware bios --bioslogofadein off --bioslogofadeout off --bioslogodisplaytime 0 --biosbootmenu disabled --acpi on --ioapic on --rtcuseutc on --natdnshostresolver1 off --natdnsproxy1 on --hwvirtex on --nestedpaging on --largepages on --vtxvpid on --boot1 dvd --boot2 none --boot3 none --boot4 none --nic1 nat --nictype1 virtio --cableconnected1 on",
    "storagectl box --name SATA --add sata --hostiocache on",
    "storageattach box --storagectl SATA --port 0 --device 0 --type dvddrive --medium /image/boot2podman.iso",
    `storageattach box --storagectl SATA --port 1 --device 0 --type hdd --medium ${disk}`,
    "guestproperty set box /VirtualBox/GuestAdd/SharedFolders/MountPrefix /",
    "guestproperty set box /VirtualBox/GuestAdd/SharedFolders/MountDir /",
    "sharedfolder add box --name hosthome --hostpath /home/me --automount",
    "setextradata box VBoxInternal2/SharedFoldersEnableSymlinksCreate/hosthome 1",
    ...settings,
    sshRule,
    publishedRule,
    starting,
  ]);
  const file = await open(join(store, "machines/box/disk.vdi"));
  const { buffer } = await file.read(Buffer.alloc(28), 0, 28, 0);
  await file.close();
  expect(buffer.toString()).toBe("boot2podman, please format-m");
  expect(await listMachines(store, "box", 5000)).toMatchObject([
    { name: "box", active: true, driver: "virtualbox", state: "Running", url: "tcp://127.0.0.1" },
  ]);
  await expect(removeMachine(host(), "box", { force: false })).rejects.toThrow("is not stopped");

  expect(await stopMachine(host(), "box")).toBe(true);
  expect(await calls()).toEqual(["controlvm box acpipowerbutton"]);
  await changeMachine(host(), "box", { settings: { DiskSize: 400 } });
  expect(await calls()).toEqual([`modifymedium disk ${disk} --resize 400`]);
  await startMachine(host(), "box");
  expect(await calls()).toEqual([...settings, ...removals, sshRule, publishedRule, starting]);
  expect(await killMachine(host(), "box")).toBe(true);
  expect(await calls()).toEqual(["controlvm box poweroff"]);
  await removeMachine(host(), "box", { force: false });
  expect(await calls()).toEqual(["unregistervm box --delete"]);
  expect(await listMachines(store, undefined, 5000)).toEqual([]);
});

test("ports that are taken away are taken from VirtualBox, and people's own rules stay there", async () => {
  await createMachine(host(), "box", wanted());
  await stopMachine(host(), "box");
  await appendFile(join(folder, "rules"), "mine,tcp,127.0.0.1,9000,,90\n");
  await changeMachine(host(), "box", { settings: { Publish: [] } });
  await startMachine(host(), "box");
  expect((await calls()).slice(-5)).toEqual([settings[1], ...removals, sshRule, starting]);
  expect(await readFile(join(folder, "rules"), "utf8")).toBe(
    "mine,tcp,127.0.0.1,9000,,90\nssh,tcp,127.0.0.1,42222,,22\n",
  );
});

test.each<[WantedSettings, string]>([
  [{ Shares: [] }, "--volume"],
  [{ KernelArguments: "quiet", Accelerator: "tcg" }, "--append and --accelerator"],
])("what VirtualBox doesn't support is refused, not stored: %j", async (change, flags) => {
  await createMachine(host(), "box", wanted());
  await stopMachine(host(), "box");
  const { config } = filesIn(machineFolder(store, "box"));
  const before = await readFile(config, "utf8");
  await expect(
    changeMachine(host(), "box", { settings: { Memory: 512, ...change } }),
  ).rejects.toThrow(
    `"box" is run by VirtualBox, which doesn't support ${flags}: nothing was changed.`,
  );
  expect(await readFile(config, "utf8")).toBe(before);
});

test("a machine that VirtualBox doesn't start is told with its first word, and nothing stays", async () => {
  await writeFile(join(folder, "broken"), "");
  await expect(createMachine(host(), "box", wanted())).rejects.toThrow(
    /^VBoxManage startvm: VT-x is not available \(VERR_VMX_NO_VMX\)$/,
  );
  expect((await calls()).at(-1)).toBe("unregistervm box --delete");
  expect(await listMachines(store, undefined, 5000)).toEqual([]);
});

test("without VirtualBox it is said", async () => {
  process.env.PATH = "/usr/bin:/bin";
  await expect(createMachine(host(), "box", wanted())).rejects.toThrow(
    "VBoxManage is not installed",
  );
});

test.each([
  ["running", "Running"],
  ["paused", "Paused"],
  ["saved", "Saved"],
  ["poweroff", "Stopped"],
  ["aborted", "Stopped"],
  ["gurumeditation", "Error"],
])("VirtualBox's %s is %s", (word, state) => {
  expect(parseVmState(`name="x"\nVMState="${word}"\n`)).toBe(state);
});
