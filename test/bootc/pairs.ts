import { type Laboratory, oneProcessor, told } from "./laboratory.ts";

/** The image of the installed half of a pair: it has a machine afterwards. */
export const installed = "localhost/stand-in:installed";

/**
 * From the end of a `podman build` until SSH answers, once without an installation and once with one: of images that
 * differ in one small layer, each booted for the first time, while the machine that builds runs.
 */
export async function pairs(lab: Laboratory): Promise<void> {
  const quick = "localhost/stand-in:quick";
  const ephemeral = await fromBuild(
    lab,
    quick,
    "ephemeral",
    ["--ephemeral"],
    ["findmnt -no FSTYPE,LABEL /", "cat /root/.ssh/authorized_keys"],
  );
  lab.check(
    /^running$/m.test(ephemeral),
    "without an installation systemd is up, with no failed unit",
    ephemeral,
  );
  lab.check(
    /^ext4 +bootc-root$/m.test(ephemeral) && /root=LABEL=bootc-root/.test(ephemeral),
    "the image's own kernel runs from its own files",
    ephemeral,
  );
  lab.check(/^ssh-ed25519 /m.test(ephemeral), "the key came as a credential", ephemeral);
  const listed = await lab.bootc("list");
  lab.check(/ false +\d+$/m.test(listed.stdout), "it ended with its command", told(listed));
  await lab.bootc("rm", await lab.idOf(quick));
  const disk = await fromBuild(
    lab,
    installed,
    "by disk",
    [],
    ["ls -d /sys/firmware/efi", "echo kept >/root/note", "sync"],
  );
  lab.check(
    /^running$/m.test(disk) && /^\/sys\/firmware\/efi$/m.test(disk),
    "an installed disk boots by UEFI, with systemd up",
    disk,
  );
  lab.check(/root=UUID=/.test(disk), "by the disk's own boot loader", disk);
}

/** Returns what the command printed there. */
async function fromBuild(
  lab: Laboratory,
  name: string,
  way: string,
  options: readonly string[],
  more: readonly string[],
): Promise<string> {
  const edition = name.replace(/.*:/, "edition-");
  await lab.buildEdition(name, edition);
  const script = [
    ...["cat /etc/edition", "systemctl is-system-running --wait", "systemctl --failed --plain"],
    ...["systemd-analyze", "systemd-analyze blame | head -n 12", "cat /proc/cmdline", ...more],
    "exit 7",
  ].join("; ");
  const seen = await lab.bootc("run", ...options, ...oneProcessor, name, script);
  lab.noteSaid(`from podman build to SSH, ${way}`, seen);
  lab.check(
    seen.exitCode === 7 && seen.stdout.startsWith(`${edition}\n`),
    `a rebuilt image shows its change, ${way}, and run exits with the command's status`,
    told(seen),
  );
  // Where the boot's time went, for whoever compares the figures.
  console.log(seen.stdout.replaceAll(/^/gm, "       | "));
  return seen.stdout;
}
