import { describe, expect, test } from "vitest";
import { defaultShareOptions, type ShareOptions } from "../../settings/options/shares.ts";
import type { OfferedShare } from "./find-shares.ts";
import { planShares } from "./plan-shares.ts";

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
    const { mounts, warnings } = plan([
      { kind: "virtiofs", name: "Users" },
      { kind: "9p", name: "hosthome" },
    ]);
    expect(warnings).toEqual([]);
    expect(mounts.map(({ argv }) => argv.join(" "))).toEqual([
      "mount -t virtiofs -o rw,nosuid,nodev -- Users /Users",
      "mount -t 9p -o rw,nosuid,nodev,trans=virtio,version=9p2000.L,msize=512000,cache=mmap -- hosthome /hosthome",
    ]);
  });

  test("leaves the volumes of podman machine to its client, by their names", () => {
    const volume = { kind: "virtiofs", name: "94ce1f32c0048747fbc8134e955c027f9408" } as const;
    expect(plan([volume, { kind: "virtiofs", name: "94ce1f" }]).mounts).toMatchObject([
      { path: "/94ce1f" },
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
    expect(plan([{ kind: "9p", name: "a" }], {}, ["/a"])).toEqual({ mounts: [], warnings: [] });
  });

  test("says which share has a bad name, and mounts the others", () => {
    const { mounts, warnings } = plan([
      { kind: "9p", name: "../../etc" },
      { kind: "9p", name: "\u001b[2Jx" },
      { kind: "virtiofs", name: "good" },
    ]);
    expect(mounts.map(({ name }) => name)).toEqual(["good"]);
    expect(warnings).toEqual([
      '9p share "../../etc" is not mounted: it has the part ".."; boot2podman.share=TAG:/PATH gives it another path',
      expect.stringMatching(/^9p share "\\u001b\[2Jx" is not mounted: .*can't be shown/),
    ]);
  });

  test("keeps a warning short and printable whatever the name", () => {
    const [warning = ""] = plan([{ kind: "9p", name: "ü\u0007/".repeat(500) }]).warnings;
    expect(warning.length).toBeLessThan(260);
    expect(warning).toMatch(/^[\x20-\x7e]+$/);
  });

  test("says when a share that is asked for isn't offered, and what is", () => {
    const { warnings } = plan([{ kind: "9p", name: "b" }], {
      isAutomatic: false,
      wanted: [wanted("a", "/a")],
    });
    expect(warnings).toEqual(['share "a" for /a isn\'t offered by the hypervisor (offered: "b")']);
  });

  test("says when two shares have one place", () => {
    const { mounts, warnings } = plan([
      { kind: "virtiofs", name: "a" },
      { kind: "9p", name: "a" },
    ]);
    expect(mounts.map(({ kind }) => kind)).toEqual(["virtiofs"]);
    expect(warnings).toEqual(['9p share "a" is not mounted: /a is used by virtiofs share "a"']);
  });
});
