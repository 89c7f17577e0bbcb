// npm run pulled-plug [-- TIMES]: a machine whose plug is pulled ten times in a row while containers write.
import { rm } from "node:fs/promises";
import { busyboxImage, importBusybox } from "../vm/harness/container-image.ts";
import { newDataDisk, newIdentity } from "../vm/harness/data-disk.ts";
import { run } from "../vm/harness/run.ts";
import { TestMachine } from "../vm/harness/test-machine.ts";

const times = Number(process.argv[2] ?? 10);
const identity = await newIdentity();
const disk = await newDataDisk(identity, { sizeMiB: 2048 });
const machine = await TestMachine.create({ key: identity.key, disks: [disk] });
const data = "/var/lib/containers/storage/volumes/box/_data";
let failed = 0;

function check(holds: boolean, what: string): void {
  if (holds) {
    return;
  }
  failed += 1;
  console.log(`FAILED: ${what}`);
}

try {
  await machine.powerOn();
  await machine.waitForSsh();
  await importBusybox(machine);
  await machine.root("podman volume create box && sync");
  const hostKey = await machine.root("cat /etc/ssh/ssh_host_ed25519_key.pub");
  for (let time = 1; time <= times; time += 1) {
    const name = `writer${time}`;
    // What sync has returned for has to be there afterwards.
    await machine.root(`echo ${time} > ${data}/safe${time} && sync ${data}/safe${time} ${data}`);
    const write =
      "i=0; while true; do i=$((i+1)); dd if=/dev/zero of=/data/f$((i%50)) bs=8k count=9; done";
    for (const copy of ["a", "b"]) {
      await machine.root(
        `podman run -d --name ${name}${copy} -v box:/data ${busyboxImage} sh -c '${write} 2>/dev/null'`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 300 * time));
    await machine.cutPower();
    await machine.powerOn();
    await machine.waitForSsh();
    const status = await machine.root("boot2podman status");
    check(/^automount +ok/m.test(status), `automount after pull ${time}:\n${status}`);
    check(!/ failed /.test(status), `a stage failed after pull ${time}:\n${status}`);
    check((await machine.root("cat /etc/ssh/ssh_host_ed25519_key.pub")) === hostKey, "host key");
    for (let earlier = 1; earlier <= time; earlier += 1) {
      check(
        (await machine.root(`cat ${data}/safe${earlier}`)) === String(earlier),
        `safe${earlier}`,
      );
    }
    const shown = await machine.ssh(
      `podman rm --force --ignore ${name}a ${name}b && podman run --rm ${busyboxImage} echo whole`,
      { user: "root" },
    );
    check(shown.stdout.trim().endsWith("whole"), `podman after pull ${time}: ${shown.stderr}`);
    const repaired = /check the filesystem[^"]*?: ([^"(]*)/.exec(
      await machine.root("cat /run/boot2podman/automount.json"),
    )?.[1];
    console.log(`pull ${time} of ${times}: ${failed} failures so far; e2fsck: ${repaired ?? "?"}`);
  }
  await machine.powerDown();
  const last = await run(["e2fsck", "-fn", `${disk.file}?offset=1048576`]);
  check(last.exitCode === 0, `the filesystem has errors: ${last.stdout}`);
  console.log(failed === 0 ? `${times} pulls survived` : `${failed} failures`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await machine.remove();
  await rm(identity.folder, { recursive: true, force: true });
}
