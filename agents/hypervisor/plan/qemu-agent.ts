import type { Service } from "../../services/service.ts";
import type { GuestAgentPolicy } from "../../settings/options/guest-agent.ts";

/** QEMU's guest agent, where the image has it. */
export const qemuAgentProgram = "/usr/sbin/qemu-ga";
/** Name of the virtio port at which QEMU's guest agent is spoken to; libvirt's name, which everybody took. */
export const qemuAgentPort = "org.qemu.guest_agent.0";
/** Where guest programs look for named ports. */
export const portFolder = "/dev/virtio-ports";
const freezeHook = "/usr/lib/boot2podman/freeze-hook";

/** Whatever a later version brings is refused until it stands here. */
const safeCommands = [
  ...["guest-sync", "guest-sync-delimited", "guest-ping", "guest-info"],
  ...["guest-get-time", "guest-set-time", "guest-shutdown"],
  ...["guest-fsfreeze-status", "guest-fsfreeze-freeze", "guest-fsfreeze-freeze-list"],
  ...["guest-fsfreeze-thaw", "guest-fstrim"],
  ...["guest-network-get-interfaces", "guest-network-get-route"],
  ...["guest-get-osinfo", "guest-get-host-name", "guest-get-timezone", "guest-get-users"],
  ...["guest-get-fsinfo", "guest-get-disks", "guest-get-diskstats", "guest-get-load"],
  ...["guest-get-vcpus", "guest-get-cpustats", "guest-get-memory-blocks"],
  "guest-get-memory-block-info",
];

/**
 * Not even with "full": a link in the user's .ssh makes the first one write anywhere as root (QEMU issue 3929),
 * and there are no passwords here.
 */
const neverCommands = [
  ...["guest-ssh-add-authorized-keys", "guest-ssh-remove-authorized-keys"],
  ...["guest-ssh-get-authorized-keys", "guest-set-user-password"],
];

/** QEMU's guest agent at the port that the host gave it. */
export function qemuAgent(policy: Exclude<GuestAgentPolicy, "off">): Service {
  const commands =
    policy === "safe"
      ? ["--allow-rpcs", safeCommands.join(",")]
      : ["--block-rpcs", neverCommands.join(",")];
  return {
    name: "qemu-ga",
    argv: [
      ...[qemuAgentProgram, "-m", "virtio-serial", "-p", `${portFolder}/${qemuAgentPort}`],
      ...["-t", "/run", "-l", "/var/log/qemu-ga.log"],
      ...[`--fsfreeze-hook=${freezeHook}`, ...commands],
    ],
  };
}
