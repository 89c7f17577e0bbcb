import { type Command, UsageError } from "../command/command.ts";
import { oneLine } from "../command/one-line.ts";
import { parseWords } from "../command/parse-words.ts";
import { findSource, openImage, signersPath } from "./source.ts";
import { confirmSlot, goBack, upgradeDisk } from "./upgrade.ts";

const help = `boot2podman upgrade: another version on a disk image, beside the one that runs; root's. Data stays.

  boot2podman upgrade FILE|URL     a release's disk image, boot2podman-VERSION-ARCH.raw.zst
  boot2podman upgrade FOLDER/      a release, a folder or an address with a slash at its end
  --sha256 SUM                     what the image has to be; without it SHA256SUMS beside it says so
  boot2podman upgrade --back       the other version again, from the next boot on

Where ${signersPath} names keys (as ssh-keygen's allowed signers), SHA256SUMS has to be signed by one of them.
The next boot tries the new version. If it doesn't come up, the boot after it uses the old one.`;

/** Debian's names of the architectures. */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** The command `boot2podman upgrade`. */
export const upgradeCommand: Command = {
  name: "boot2podman upgrade",
  help,
  async run(words, kernel, terminal) {
    const { flags, values, operands } = parseWords(words, {
      back: "flag",
      confirm: "flag",
      sha256: "value",
    });
    const [place, ...others] = operands;
    const isAlone = flags.has("back") || flags.has("confirm");
    if (others.length > 0 || (place === undefined) !== isAlone) {
      throw new UsageError("expected one disk image or release, or --back");
    }
    if (kernel.uid() !== 0) {
      throw new Error("only root can do that: use sudo");
    }
    if (place === undefined) {
      const slot = await (flags.has("back") ? goBack(kernel) : confirmSlot(kernel));
      terminal.out(`the next boots use place ${slot}`);
      return 0;
    }
    const sha256 = values.get("sha256");
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) {
      throw new UsageError("--sha256: expected 64 hexadecimal digits");
    }
    const arch = architectures[process.arch] ?? process.arch;
    const source = await findSource(kernel, { place, sha256, arch });
    terminal.out(`upgrading from ${source.place}, SHA-256 ${source.sha256} ${source.because}`);
    const slot = await openImage(source)
      .then((image) => upgradeDisk(kernel, image))
      .catch((error: unknown) => {
        const why = `${source.place} can't be used: ${oneLine(error)}; this system boots as before`;
        throw new Error(why, { cause: error });
      });
    terminal.out(
      `written to place ${slot}: reboot to try it; the running version stays in its place`,
    );
    return 0;
  },
};
