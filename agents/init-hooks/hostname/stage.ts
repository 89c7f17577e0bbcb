import type { Stage } from "../stage.ts";
import { defaultHostname, hostsFile, planHostname } from "./plan-hostname.ts";

const storedPath = "/var/lib/boot2podman/etc/hostname";
const longestNameBytes = 256;

/** The name of the host: host= beats the one on the data disk, which beats the image's. */
export function hostnameStage(option: string | undefined): Stage {
  return {
    name: "hostname",
    needs: [],
    // A disk that takes its time must not keep the network away.
    ...(option === undefined ? { hopes: { for: ["automount"], patienceMs: 3_000 } } : {}),
    deadlineMs: 10_000,
    async run({ kernel, notes }) {
      const stored = kernel.readNoFollow(storedPath, longestNameBytes);
      const facts = {
        option,
        stored: stored === undefined ? undefined : new TextDecoder().decode(stored),
        image: kernel.readTextIfPresent("/etc/hostname"),
      };
      const plan = planHostname(facts);
      notes.observed = facts;
      notes.plan = plan;
      kernel.setHostname(plan.name);
      kernel.writeAtomic("/etc/hostname", `${plan.name}\n`);
      kernel.writeAtomic("/etc/hosts", hostsFile(plan.name));
      return {
        result: "ok",
        message: [`${plan.name} (${plan.from})`, ...plan.complaints].join("; "),
      };
    },
    async rescue({ kernel }) {
      kernel.setHostname(defaultHostname);
      return `the name is ${defaultHostname}`;
    },
  };
}
