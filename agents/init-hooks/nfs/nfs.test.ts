import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.ts";
import { defaultBootOptions } from "../boot-options.ts";
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

test("mounts each folder by its server's address, by version 3 where 4 isn't spoken", async () => {
  const kernel = system();
  kernel.failOn("mount", "/mnt/nfs2", "EPROTONOSUPPORT", 1);
  const outcome = await run(kernel, ["192.0.2.9:/a", "nas.lan:/b c"]);
  expect(outcome.message).toBe("mount 192.0.2.9:/a on /mnt/nfs; mount nas.lan:/b c on /mnt/nfs2");
  expect(kernel.mounts().map(({ superOptions }) => [superOptions[0], superOptions.at(-1)])).toEqual(
    [
      ["vers=4.2", "addr=192.0.2.9"],
      ["vers=3", "addr=192.0.2.7"],
    ],
  );
});

test("says which one failed, and mounts the others", async () => {
  const kernel = system();
  kernel.failOn("mount", "/mnt/nfs", "ECONNREFUSED");
  await expect(run(kernel, ["nas.lan:/a", "192.0.2.9:/b", "nowhere"])).rejects.toThrow(
    /^mount 192.0.2.9:\/b on \/mnt\/nfs2; nas.lan:\/a: mount .*ECONNREFUSED.*; nowhere: expected HOST:\/FOLDER$/,
  );
});

test("says so when the image has no NFS", async () => {
  await expect(run(system("nodev\ttmpfs\n"), ["nas.lan:/a"])).rejects.toThrow(
    "this image is without the kernel module nfs",
  );
});
