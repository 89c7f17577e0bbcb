import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { nfsStage } from "./stage.ts";

function system(filesystems = "nodev\tnfs\n"): FakeKernel {
  return new FakeKernel()
    .onRun("modprobe", { exitCode: 1 })
    .onRun("nslookup", {
      stdout: "Server:\t\t10.0.2.3\nAddress:\t10.0.2.3:53\n\nName:\tnas.lan\nAddress: 192.0.2.7\n",
    })
    .lay({ "/proc/filesystems": filesystems });
}

function run(kernel: FakeKernel, nfsMounts: string[]) {
  const notes = { observed: null, plan: null, done: [] };
  return nfsStage.run({ kernel, options: { ...defaultBootOptions, nfsMounts }, notes });
}

/** Answers as busybox's mount does, for one folder that is refused. */
function refusing(target: string, type: string | undefined, reason: string): FakeKernel {
  return system().onRun("mount", (argv) =>
    argv.includes(target) && (type === undefined || argv.includes(type))
      ? { exitCode: 255, stderr: `mount: mounting X on ${target} failed: ${reason}\n` }
      : {},
  );
}

const mounts = (kernel: FakeKernel) =>
  kernel.runs.filter(({ argv }) => argv[0] === "mount").map(({ argv }) => argv.slice(1).join(" "));

test("mounts each folder by its server's address, by version 3 where 4 isn't spoken", async () => {
  const kernel = refusing("/mnt/nfs2", "nfs4", "Protocol not supported");
  const outcome = await run(kernel, ["192.0.2.9:/a", "nas.lan:/b"]);
  expect(outcome.message).toBe("mount 192.0.2.9:/a on /mnt/nfs; mount nas.lan:/b on /mnt/nfs2");
  const common = "nosuid,nodev,soft,timeo=100,retrans=3";
  expect(mounts(kernel)).toEqual([
    `-t nfs4 -o vers=4.2,${common},addr=192.0.2.9 192.0.2.9:/a /mnt/nfs`,
    `-t nfs4 -o vers=4.2,${common},addr=192.0.2.7 nas.lan:/b /mnt/nfs2`,
    `-t nfs -o vers=3,nolock,proto=tcp,mountproto=tcp,${common},addr=192.0.2.7 nas.lan:/b /mnt/nfs2`,
  ]);
});

test("says which one failed and how, and mounts the others", async () => {
  const kernel = refusing("/mnt/nfs", undefined, "No such file or directory");
  await expect(run(kernel, ["nas.lan:/a", "192.0.2.9:/b c", "nowhere"])).rejects.toThrow(
    "mount 192.0.2.9:/b c on /mnt/nfs2; nas.lan:/a: version 4: No such file or directory; version 3: No such file or directory; nowhere: expected HOST:/FOLDER",
  );
});

test.each(["-x:/a", "nas lan:/a", "nas;lan:/a"])(
  "takes no server of the name in %s",
  async (share) => {
    const kernel = system().onRun("mount");
    await expect(run(kernel, [share])).rejects.toThrow("expected HOST:/FOLDER");
    expect(mounts(kernel)).toEqual([]);
  },
);

test("waits for a server that doesn't answer only so long", async () => {
  const kernel = system().onRun("mount");
  await run(kernel, ["192.0.2.9:/a"]);
  const mount = kernel.runs.find(({ argv }) => argv[0] === "mount");
  expect(mount?.options).toEqual({ timeoutMs: 15_000 });
});

test("says so when the image has no NFS", async () => {
  await expect(run(system("nodev\ttmpfs\n"), ["nas.lan:/a"])).rejects.toThrow(
    "this image is without the kernel module nfs",
  );
});
