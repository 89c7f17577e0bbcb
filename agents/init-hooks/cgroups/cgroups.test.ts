import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { stepText } from "../../steps/step.ts";
import { mountV1 } from "./mount-v1.ts";
import { cgroupRoot, planCgroups, planControllers } from "./plan-cgroups.ts";
import { planV1 } from "./plan-v1.ts";
import { cgroupsStage } from "./stage.ts";

const user = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };

test("mounts cgroup v2 with delegation, unless it is mounted", () => {
  expect(planCgroups({ isMounted: false, user })[0]).toMatchObject({
    do: "mount",
    type: "cgroup2",
    flags: ["nosuid", "nodev", "noexec"],
    options: "nsdelegate,memory_recursiveprot",
  });
  const again = planCgroups({ isMounted: true, user }).map(stepText);
  expect(again).toEqual([
    "make folder /sys/fs/cgroup/system",
    "make folder /sys/fs/cgroup/user.slice/user-1000/session",
  ]);
});

test("hands all controllers down to the user's group before giving it away", () => {
  const words = planControllers("cpu memory pids\n", user).map(stepText);
  expect(words.slice(0, 4)).toEqual([
    'write "+cpu +memory +pids" to /sys/fs/cgroup/cgroup.subtree_control',
    'write "+cpu +memory +pids" to /sys/fs/cgroup/user.slice/cgroup.subtree_control',
    'write "+cpu +memory +pids" to /sys/fs/cgroup/user.slice/user-1000/cgroup.subtree_control',
    "give /sys/fs/cgroup/user.slice/user-1000 to 1000:50",
  ]);
  const given = words.filter((line) => line.startsWith("give "));
  expect(given).toHaveLength(8);
  // The limits of the group itself stay root's.
  expect(given.some((line) => line.includes("memory.max"))).toBe(false);
});

test("hands the session no controllers: it has processes, which the kernel would refuse", () => {
  const steps = planControllers("cpu", user).filter((step) => step.do === "write");
  expect(steps.some((step) => step.path.endsWith("/session/cgroup.subtree_control"))).toBe(false);
});

test("gives logins more of the processor than the user's containers, where that is shared out", () => {
  const weight = 'write "1000" to /sys/fs/cgroup/user.slice/user-1000/session/cpu.weight';
  expect(planControllers("cpu memory", user).map(stepText)).toContain(weight);
  expect(planControllers("memory", user).map(stepText).join()).not.toContain("cpu.weight");
});

test("without the user only the root's groups get controllers", () => {
  expect(planControllers("cpu io", undefined).map(stepText)).toEqual([
    'write "+cpu +io" to /sys/fs/cgroup/cgroup.subtree_control',
  ]);
});

/** The kernel's files appear with a mount, which the fake can't do: they are there before. */
function system(processes: Record<string, string>): FakeKernel {
  const kernel = new FakeKernel().lay({
    "/etc/passwd": "tc:x:1000:50::/home/tc:/bin/sh\n",
    [`${cgroupRoot}/cgroup.procs`]: `${Object.keys(processes).join("\n")}\n`,
    [`${cgroupRoot}/cgroup.controllers`]: "cpu memory\n",
  });
  kernel.mount({ source: cgroupRoot, target: cgroupRoot, flags: ["bind"] });
  for (const [pid, commandLine] of Object.entries(processes)) {
    kernel.lay({ [`/proc/${pid}/cmdline`]: commandLine });
  }
  for (const group of ["user-1000", "user-1000/session"]) {
    for (const file of ["procs", "subtree_control", "threads"]) {
      kernel.lay({ [`${cgroupRoot}/user.slice/${group}/cgroup.${file}`]: "" });
    }
  }
  return kernel;
}

async function run(kernel: FakeKernel) {
  const notes = { observed: null, plan: null, done: [] as string[] };
  const outcome = await cgroupsStage.run({ kernel, options: defaultBootOptions, notes });
  return { outcome, notes };
}

test("the stage moves programs into the leaf and leaves the kernel's threads", async () => {
  const kernel = system({ 1: "init\0", 2: "", 40: "sh\0/init\0" });
  const moved: string[] = [];
  const writePlain = kernel.writePlain.bind(kernel);
  kernel.writePlain = (path, content) => {
    if (path.endsWith("/cgroup.procs")) {
      moved.push(String(content));
      const rest = kernel
        .readText(`${cgroupRoot}/cgroup.procs`)
        .split("\n")
        .filter((pid) => pid !== content);
      writePlain(`${cgroupRoot}/cgroup.procs`, rest.join("\n"));
    } else {
      writePlain(path, content);
    }
  };
  const { outcome } = await run(kernel);
  expect(moved).toEqual(["1", "40"]);
  expect(outcome).toEqual({ result: "ok", message: "cpu memory" });
  expect(kernel.stat(`${cgroupRoot}/user.slice/user-1000/cgroup.procs`)?.uid).toBe(1000);
});

test("the stage passes over a process that has ended meanwhile, but not over a refusal", async () => {
  const ended = system({ 7: "gone\0" });
  ended.failOn("writePlain", `${cgroupRoot}/system/cgroup.procs`, "ESRCH");
  expect((await run(ended)).notes.done).toContain(`move 0 processes to ${cgroupRoot}/system`);
  const refused = system({ 7: "sh\0" });
  refused.failOn("writePlain", `${cgroupRoot}/system/cgroup.procs`, "EBUSY");
  await expect(run(refused)).rejects.toThrow("EBUSY");
});

const controllers =
  "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t1\t1\nmemory\t0\t1\t1\nrdma\t0\t1\t0\n";

test("v1 is a folder and a mount for each controller that is enabled, and one for systemd", () => {
  const { base, mounts } = planV1({ controllers, fstab: "# cgroup\n", mounted: [] });
  expect(base.map(stepText)).toEqual([
    "mount cgroup on /sys/fs/cgroup (tmpfs,nosuid,nodev,noexec,uid=0,gid=0,mode=0755)",
  ]);
  expect(mounts.flatMap(({ steps }) => steps.map(stepText))).toEqual([
    "make folder /sys/fs/cgroup/cpu",
    "mount cgroup on /sys/fs/cgroup/cpu (cgroup,nosuid,nodev,noexec,cpu)",
    "make folder /sys/fs/cgroup/memory",
    "mount cgroup on /sys/fs/cgroup/memory (cgroup,nosuid,nodev,noexec,memory)",
    "make folder /sys/fs/cgroup/systemd",
    "mount none on /sys/fs/cgroup/systemd (cgroup,nosuid,nodev,noexec,none,name=systemd)",
  ]);
});

test.each([
  ["what is mounted", "", ["/sys/fs/cgroup", "/sys/fs/cgroup/cpu"], [], ["memory", "systemd"]],
  ["what fstab decides", "none /sys/fs/cgroup cgroup defaults", [], [], []],
])("v1 leaves %s alone", (_, fstab, mounted, base, names) => {
  const plan = planV1({ controllers, fstab, mounted });
  expect(plan.base).toEqual(base);
  expect(plan.mounts.map(({ name }) => name)).toEqual(names);
});

test("v1 says which controllers the kernel doesn't have any more, and a second run changes nothing", () => {
  const kernel = new FakeKernel().lay({ "/proc/cgroups": controllers, [cgroupRoot]: null });
  kernel.failOn("mount", `${cgroupRoot}/memory`, "EINVAL");
  const notes = () => ({ observed: null, plan: null, done: [] });
  expect(mountV1(kernel, notes()).message).toBe("v1: cpu systemd; this kernel has no v1 memory");
  expect(kernel.list(cgroupRoot)).toEqual(["cpu", "systemd"]);
  const before = kernel.mounts().length;
  mountV1(kernel, notes());
  expect(kernel.mounts()).toHaveLength(before);
});

test("the stage leaves a v1 that somebody has mounted as it is", async () => {
  const kernel = system({});
  kernel.unmount(cgroupRoot);
  kernel.mount({ source: "cgroup", target: cgroupRoot, type: "tmpfs" });
  expect((await run(kernel)).outcome.result).toBe("skipped");
});
