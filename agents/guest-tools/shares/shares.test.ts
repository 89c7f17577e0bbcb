import { describe, expect, test, vi } from "vitest";
import { defaultBootOptions } from "../../init-hooks/boot-options.ts";
import { openModuleLoader } from "../../init-hooks/devices/module-loader.ts";
import { openDhcpClients } from "../../init-hooks/network/dhcp-clients.ts";
import { startHotplug } from "../../init-hooks/watch/hotplug.ts";
import { FakeKernel } from "../../kernel/fake-kernel.ts";
import type { OfferedShare } from "./find-shares.ts";
import { defaultShareOptions, parseShare, type ShareOptions } from "./options.ts";
import { pathRefusal, placeOfName } from "./place.ts";
import { planShares } from "./plan-shares.ts";
import { sharesStage } from "./stage.ts";

/** Waits until it holds, on a busy machine too. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000 });

describe("the place that a share's name says", () => {
  test.each([
    ["Users", "/Users"],
    ["hosthome", "/hosthome"],
    ["c/Users", "/c/Users"],
    ["my project", "/my project"],
    ["größe", "/größe"],
    ["a..b", "/a..b"],
    [`${"d".repeat(255)}`, `/${"d".repeat(255)}`],
  ])("%j is mounted at %j", (name, path) => {
    expect(placeOfName(name)).toEqual({ path });
  });

  test.each([
    ["..", /part "\.\."/],
    ["../etc", /part "\.\."/],
    ["a/../../etc", /part "\.\."/],
    [".", /part "\."/],
    ["/etc", /empty part/],
    ["/", /empty part/],
    ["a//b", /empty part/],
    ["a/", /empty part/],
    ["", /empty part/],
    ["etc", /\/etc is the system's/],
    ["usr/lib", /\/usr is the system's/],
    ["home", /\/home is the system's/],
    ["home/tc", /\/home\/tc is the system's/],
    ["home/captain", /\/home\/captain is the system's/],
    ["home/captain/src", /\/home is the system's/],
    ["root/src", /\/root is the system's/],
    ["proc", /\/proc is the system's/],
    ["a\nb", /can't be shown/],
    ["a\u001b[2J", /can't be shown/],
    ["\ufffd", /can't be shown/],
    ["x".repeat(256), /too long/],
    ["y/".repeat(600).slice(0, -1), /longer than 1024 bytes/],
  ])("%j is refused", (name, why) => {
    expect(placeOfName(name)).toEqual({ refusal: expect.stringMatching(why) });
  });
});

describe("boot2podman.share", () => {
  test.each([
    ["src:/src", { name: "src", path: "/src", isReadOnly: false }],
    ["src:/home/tc/src:ro", { name: "src", path: "/home/tc/src", isReadOnly: true }],
    ["c:/Users:/c/Users:rw", { name: "c:/Users", path: "/c/Users", isReadOnly: false }],
    ["home:/host/home", { name: "home", path: "/host/home", isReadOnly: false }],
  ])("understands %j", (value, share) => {
    expect(parseShare(value)).toEqual(share);
  });

  test.each([
    ["src", "TAG:/PATH"],
    ["src:relative", "TAG:/PATH"],
    [":/src", "TAG:/PATH"],
    ["src:/src:rx", "TAG:/PATH"],
    ["src:/a/../../etc", 'it has the part ".."'],
    ["src:/", "it has an empty part"],
    ["src:/usr", "/usr is the system's"],
    ["src:/usr/share/x", "/usr is the system's"],
    ["src:/home", "/home is the system's"],
    ["src:/home/tc", "/home/tc is the system's"],
    ["src:/home/captain", "/home/captain is the system's"],
    ["src:/home/captain/.ssh", "/home/captain/.ssh is the system's"],
    ["src:/home/captain/.local", "/home/captain/.local is the system's"],
    ["src:/home/tc/.local/share/containers", "/home/tc/.local/share/containers is the system's"],
    ["src:/home/tc/.config", "/home/tc/.config is the system's"],
    ["src:/root/.ssh", "/root/.ssh is the system's"],
    ["src:/var/lib", "/var/lib is the system's"],
    ["src:/etc/ssh", "/etc/ssh is the system's"],
    ["src:/var/lib/containers", "/var/lib/containers is the system's"],
    ["src:/proc/1/root", "/proc is the system's"],
  ])("refuses %j", (value, expected) => {
    expect(parseShare(value)).toContain(expected);
  });

  test("lets a person mount inside folders of the system that may be added to", () => {
    const inSystem = ["/mnt/x", "/etc/x", "/opt/x", "/var/lib/x", "/var/lib/containers2"];
    const inHomes = ["/home/tc/src", "/home/captain/a/b", "/home/tc/.sshx", "/home/tc/.config/app"];
    for (const path of [...inSystem, ...inHomes, "/root/src", "/homes/tc", "/x/.ssh"]) {
      expect(pathRefusal(path)).toBeUndefined();
    }
  });
});

const user = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };

function plan(
  offered: OfferedShare[],
  options: Partial<ShareOptions> = {},
  mounted: string[] = [],
) {
  return planShares({ offered, mounted, user }, { ...defaultShareOptions, ...options });
}

function wanted(name: string, path: string, isReadOnly = false) {
  return { name, path, isReadOnly };
}

describe("the plan", () => {
  test("mounts what is offered at the place of its name", () => {
    const { mounts, complaints } = plan([
      { kind: "virtiofs", name: "Users" },
      { kind: "9p", name: "hosthome" },
    ]);
    expect(complaints).toEqual([]);
    expect(mounts.map(({ argv }) => argv.join(" "))).toEqual([
      "mount -t virtiofs -o rw,nosuid,nodev -- Users /Users",
      "mount -t 9p -o rw,nosuid,nodev,trans=virtio,version=9p2000.L,msize=512000,cache=mmap -- hosthome /hosthome",
    ]);
  });

  test("mounts what is asked for at its path instead, read-only when asked to", () => {
    const { mounts } = plan([{ kind: "virtiofs", name: "src" }], {
      wanted: [wanted("src", "/home/tc/src", true)],
    });
    expect(mounts.map(({ path, argv }) => [path, argv[4]])).toEqual([
      ["/home/tc/src", "ro,nosuid,nodev"],
    ]);
  });

  test("gives the files to the user where the filesystem can", () => {
    const { mounts } = plan([
      { kind: "vboxsf", name: "c/Users" },
      { kind: "vmhgfs", name: "" },
    ]);
    expect(mounts.map(({ argv }) => argv.join(" "))).toEqual([
      "mount -t vboxsf -o rw,nosuid,nodev,nls=utf8,uid=1000,gid=50 -- c/Users /c/Users",
      "/usr/bin/vmhgfs-fuse .host:/ /mnt/hgfs -o rw,allow_other,nosuid,nodev,uid=1000,gid=50",
    ]);
  });

  test("mounts one share of VMware by its name when it is asked for", () => {
    const { mounts } = plan([{ kind: "vmhgfs", name: "" }], {
      isAutomatic: false,
      wanted: [wanted("src", "/src")],
    });
    expect(mounts.map(({ argv }) => argv.slice(0, 3))).toEqual([
      ["/usr/bin/vmhgfs-fuse", ".host:/src", "/src"],
    ]);
  });

  test("mounts only what is asked for with boot2podman.shares=off", () => {
    const offered: OfferedShare[] = [
      { kind: "9p", name: "a" },
      { kind: "9p", name: "b" },
    ];
    const { mounts } = plan(offered, { isAutomatic: false, wanted: [wanted("b", "/b")] });
    expect(mounts.map(({ path }) => path)).toEqual(["/b"]);
  });

  test("mounts outer folders before inner ones, and two places of one share", () => {
    const { mounts } = plan(
      [
        { kind: "9p", name: "a" },
        { kind: "9p", name: "b" },
      ],
      { wanted: [wanted("a", "/b/x/a"), wanted("a", "/c")] },
    );
    expect(mounts.map(({ path }) => path)).toEqual(["/c", "/b", "/b/x/a"]);
  });

  test("leaves out what is mounted already", () => {
    expect(plan([{ kind: "9p", name: "a" }], {}, ["/a"])).toEqual({ mounts: [], complaints: [] });
  });

  test("says which share has a bad name, and mounts the others", () => {
    const { mounts, complaints } = plan([
      { kind: "9p", name: "../../etc" },
      { kind: "9p", name: "\u001b[2Jx" },
      { kind: "virtiofs", name: "good" },
    ]);
    expect(mounts.map(({ name }) => name)).toEqual(["good"]);
    expect(complaints).toEqual([
      '9p share "../../etc" stays away: it has the part ".."; boot2podman.share=TAG:/PATH gives it a place',
      expect.stringMatching(/^9p share "\\u001b\[2Jx" stays away: .*can't be shown/),
    ]);
  });

  test("keeps a complaint short and printable whatever the name", () => {
    const [complaint = ""] = plan([{ kind: "9p", name: "ü\u0007/".repeat(500) }]).complaints;
    expect(complaint.length).toBeLessThan(260);
    expect(complaint).toMatch(/^[\x20-\x7e]+$/);
  });

  test("says when a share that is asked for isn't offered, and what is", () => {
    const { complaints } = plan([{ kind: "9p", name: "b" }], {
      isAutomatic: false,
      wanted: [wanted("a", "/a")],
    });
    expect(complaints).toEqual([
      'share "a" for /a isn\'t offered by the hypervisor (offered: "b")',
    ]);
  });

  test("says when two shares have one place", () => {
    const { mounts, complaints } = plan([
      { kind: "virtiofs", name: "a" },
      { kind: "9p", name: "a" },
    ]);
    expect(mounts.map(({ kind }) => kind)).toEqual(["virtiofs"]);
    expect(complaints).toEqual(['9p share "a" stays away: /a is taken by virtiofs share "a"']);
  });
});

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
  });

  test("follows no link on the way to a share's place", async () => {
    const kernel = system();
    kernel.symlink("/etc", "/home/tc/src");
    const shares = { isAutomatic: false, wanted: [wanted("Users", "/home/tc/src/ssh")] };
    await expect(run(kernel, shares)).rejects.toThrow(/on \/home\/tc\/src\/ssh can't be mounted/);
    expect(kernel.runs).toEqual([]);
  });
});
