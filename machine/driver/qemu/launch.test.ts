import { expect, test } from "vitest";
import { parseConfig } from "../../store/config.ts";
import { filesIn } from "../../store/machine-files.ts";
import { ofDriver } from "../../store/machines.ts";
import { launchFailure } from "./launch.ts";

const machine = ofDriver(
  {
    name: "box",
    files: filesIn("/m/box"),
    config: parseConfig(
      JSON.stringify({
        ConfigVersion: 3,
        Driver: { SSHPort: 40_000, Memory: 9000, DiskSize: 1000, CPU: 1 },
        DriverName: "qemu",
        Name: "box",
      }),
      "config.json",
    ),
  },
  "qemu",
);

test.each([
  [
    "qemu-system-x86_64: -netdev user,id=net0,hostfwd=tcp:127.0.0.1:40000-:22: Could not set up host forwarding rule 'tcp:127.0.0.1:40000-:22'\n",
    'Port 40000 of 127.0.0.1, the SSH port of "box", is taken by another program: end that program, or create the machine with another --ssh-port.',
  ],
  [
    'qemu-system-x86_64: -blockdev {}: Failed to get "write" lock\nIs another process using the image [/m/box/disk.qcow2]?\n',
    'Another program uses the disk of "box", /m/box/disk.qcow2: end that program.',
  ],
  [
    "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory\n",
    'The host has no 9000 MiB of memory for "box": end another program, or give it less.',
  ],
  [
    "access denied by acl file\nqemu-system-x86_64: -netdev bridge,id=net0,br=br0: bridge helper failed\n",
    'QEMU\'s helper didn\'t connect "box" to the bridge br0 (access denied by acl file): the bridge has to be there, and /etc/qemu/bridge.conf to say "allow br0".',
  ],
  [
    "qemu-system-x86_64: -machine none of these: unsupported machine type\n",
    'QEMU could not start "box": unsupported machine type',
  ],
  ["", 'QEMU could not start "box": it gave no reason'],
])("QEMU's reason %j becomes %j", (stderr, expected) => {
  const outcome = { kind: "ended", signal: undefined, said: stderr } as const;
  expect(launchFailure(machine, outcome).message).toBe(expected);
});

test.each([
  ["SIGKILL", "a signal ended it (SIGKILL)"],
  [
    "SIGSYS",
    "its sandbox ended it, since it made a system call that is denied. The host's kernel log says which.",
  ],
])("a QEMU that %s ended without a word is told", (signal, expected) => {
  const { message } = launchFailure(machine, { kind: "ended", signal, said: "" });
  expect(message).toBe(`QEMU could not start "box": ${expected}`);
});

test("a QEMU that hangs is told", () => {
  expect(launchFailure(machine, { kind: "late" }).message).toBe(
    'QEMU did not start "box" within 30 s.',
  );
});
