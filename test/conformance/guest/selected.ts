import type { Role } from "../laboratory/laboratory.ts";

/**
 * Those of Podman's tests that run in a virtual machine, where a command takes seconds: what the guest's own kernel,
 * its controllers, its confinement and its network decide; and, from outside, what goes over the connection.
 */
export const selectedTests: Record<Role, Record<string, readonly string[]>> = {
  root: {
    "030-run.bats": [
      "podman run --name",
      "podman run : user namespace preserved root ownership",
      "podman run --device-cgroup-rule tests",
      "podman create --security-opt",
    ],
    "060-mount.bats": ["podman mount - basic test"],
    "075-exec.bats": ["podman exec - basic test"],
    "080-pause.bats": ["podman unpause --all"],
    "160-volumes.bats": ["podman volume: exec/noexec"],
    "170-run-userns.bats": ["podman userns=auto in config file"],
    "200-pod.bats": ["podman pod - communicating between pods"],
    "400-unprivileged-access.bats": [
      "podman container storage is not accessible by unprivileged users",
      "sensitive mount points are masked without --privileged",
    ],
    "500-networking.bats": ["podman networking: port on localhost"],
  },
  user: {
    "030-run.bats": ["podman run --name"],
    "080-pause.bats": ["podman unpause --all"],
    "170-run-userns.bats": ["podman userns=keep-id"],
    "500-networking.bats": ["podman networking: port on localhost"],
  },
  remote: {
    "030-run.bats": ["podman run --name"],
    "070-build.bats": ["podman build - stdin test"],
    "075-exec.bats": ["podman exec - basic test", "podman exec - cat from stdin"],
    "125-import.bats": ["podman import"],
    "130-kill.bats": ["podman wait - exit codes"],
  },
};

/** Those of the scripts that ask something of the guest's kernel or of its agents. */
export const selectedScripts = [
  "api-stdin.sh",
  "health.sh",
  "limits.sh",
  "nested.sh",
  "networks.sh",
  "refusals.sh",
  "systemd.sh",
  // The last: it resets Podman's store.
  "volumes.sh",
];
