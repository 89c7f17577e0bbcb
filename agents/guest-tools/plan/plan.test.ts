import { describe, expect, test } from "vitest";
import type { GuestFacts } from "../../hypervisor/plan/guest-plan.ts";
import { qemuAgent } from "../../hypervisor/plan/qemu-agent.ts";
import { factsOf, realMachines } from "../../hypervisor/real-machines.testing.ts";
import { planGuestTools } from "./plan.ts";
import { knownDevices, knownPrograms } from "./read-facts.ts";

const agentPort = { name: "org.qemu.guest_agent.0", path: "/dev/vport1p2" };

/** The machine of that name in a system that has every program and device: what isn't for it must stay away. */
function plan(
  name: string,
  more: Partial<GuestFacts> = {},
  policy: "safe" | "full" | "off" = "safe",
) {
  const machine = realMachines.find((known) => known.name === name);
  if (machine === undefined) {
    throw new Error(`no machine ${name}`);
  }
  const facts = {
    machine: factsOf(machine),
    ports: [agentPort],
    devices: knownDevices,
    programs: knownPrograms,
    ...more,
  };
  return planGuestTools(facts, policy);
}

describe("each hypervisor gets its own and nothing of another", () => {
  test.each([
    ["QEMU q35, KVM", ["qemu-ga"], [], ["virtiofs", "9p"], []],
    ["Firecracker", ["qemu-ga"], [], ["virtiofs", "9p"], ["ptp_kvm"]],
    ["Google Compute Engine", ["qemu-ga"], [], ["virtiofs", "9p"], []],
    ["Amazon EC2 Nitro", [], [], [], []],
    ["Apple's Virtualization framework", [], [], ["virtiofs"], []],
    ["VirtualBox with KVM's interface", [], [], ["vboxsf"], []],
    ["VMware ESXi 7 with UEFI", ["vmtoolsd"], [], ["vmhgfs"], []],
    ["Hyper-V generation 2", ["hv_kvp_daemon", "hv_vss_daemon"], [], [], []],
    ["Azure", ["hv_kvp_daemon", "hv_vss_daemon"], [], [], []],
    ["Parallels", ["prltoolsd"], [], [], []],
    ["Xen HVM", [], ["xenstore"], [], []],
    ["Xen's control domain", [], [], [], []],
    ["a ThinkPad", [], [], [], []],
  ])("%s", (name, services, reports, shares, modules) => {
    const made = plan(name);
    expect(made.services.map((service) => service.name)).toEqual(services);
    expect(made.reports).toEqual(reports);
    expect(made.shares).toEqual(shares);
    expect(made.modules).toEqual(modules);
    expect(made.missing).toEqual([]);
  });

  test("the exact commands", () => {
    const commands = (name: string) => plan(name).services.map(({ argv }) => argv.join(" "));
    expect(commands("Hyper-V generation 1")).toEqual([
      "/usr/sbin/hv_kvp_daemon -n",
      "/usr/sbin/hv_vss_daemon -n",
    ]);
    expect(commands("VMware Workstation")).toEqual(["/usr/bin/vmtoolsd"]);
    expect(commands("Parallels on ARM")).toEqual(["/usr/bin/prltoolsd -f"]);
    expect(commands("QEMU q35, TCG")[0]).toMatch(
      /^\/usr\/sbin\/qemu-ga -m virtio-serial -p \/dev\/virtio-ports\/org\.qemu\.guest_agent\.0 -t \/run -l \/var\/log\/qemu-ga\.log --fsfreeze-hook=\/usr\/lib\/boot2podman\/freeze-hook --allow-rpcs guest-sync,/,
    );
  });
});

describe("what is missing is said", () => {
  test.each([
    ["QEMU q35, KVM", [/^\/usr\/sbin\/qemu-ga for the port org\.qemu\.guest_agent\.0$/]],
    [
      "VMware ESXi 7 with UEFI",
      [/^\/usr\/bin\/vmtoolsd .*image\/vmware\.toml/, /vmhgfs-fuse .*image\/vmware\.toml/],
    ],
    ["Hyper-V generation 2", [/hv_kvp_daemon for addresses/, /hv_vss_daemon for quiesced/]],
    ["Parallels", [/prltoolsd of the Parallels Tools/]],
    ["Xen HVM", []],
    ["VirtualBox with none", []],
    ["a ThinkPad", []],
  ])("%s", (name, missing) => {
    const made = plan(name, { programs: [] });
    expect(made.services).toEqual([]);
    expect(made.missing).toEqual(missing.map((text) => expect.stringMatching(text)));
  });
});

describe("QEMU's guest agent", () => {
  test("isn't started without the port", () => {
    expect(plan("QEMU q35, KVM", { ports: [] }).services).toEqual([]);
  });

  test("isn't started when it is switched off, and then nothing is missing", () => {
    const made = plan("QEMU q35, KVM", { programs: [] }, "off");
    expect(made.services).toEqual([]);
    expect(made.missing).toEqual([]);
  });

  test.each(["exec", "file", "ssh", "password", "suspend"])(
    "may by default be asked nothing with %s",
    (word) => {
      const { argv } = qemuAgent("safe");
      expect(argv[argv.indexOf("--allow-rpcs") + 1]).not.toContain(word);
      expect(argv).not.toContain("--block-rpcs");
    },
  );

  test.each(["guest-ping", "guest-fsfreeze-thaw", "guest-set-time", "guest-shutdown"])(
    "may by default be asked %s",
    (command) => {
      const { argv } = qemuAgent("safe");
      expect(argv[argv.indexOf("--allow-rpcs") + 1]?.split(",")).toContain(command);
    },
  );

  test("may never write keys, even when it may run programs", () => {
    const { argv } = qemuAgent("full");
    expect(argv[argv.indexOf("--block-rpcs") + 1]?.split(",")).toContain(
      "guest-ssh-add-authorized-keys",
    );
    expect(argv.join(" ")).not.toContain("guest-exec");
  });
});

test("makes no link out of a port's name that is a path", () => {
  const ports = ["../../etc/x", "..", ".", "a/b", "", "good.0"].map((name) => ({
    name,
    path: "/dev/vport1p3",
  }));
  expect(plan("QEMU q35, KVM", { ports }).links).toEqual([
    { path: "/dev/virtio-ports/good.0", target: "/dev/vport1p3" },
  ]);
});
