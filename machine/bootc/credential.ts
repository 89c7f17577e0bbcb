import { optionValue } from "../driver/qemu/option-value.ts";
import type { ServedShare } from "../driver/qemu/share-devices.ts";

/**
 * The lines for systemd-tmpfiles that let a key log in (podman-bootc, pkg/vm/vm.go). Systemd of version 252 and later
 * reads them as the credential tmpfiles.extra.
 */
export function keyLines(user: string, publicKey: string): string {
  const home = user === "root" ? "/root" : `/home/${user}`;
  const key = base64(`${publicKey.trim()}\n`);
  return [
    `d ${home}/.ssh 0750 ${user} ${user} -`,
    `f+~ ${home}/.ssh/authorized_keys 700 ${user} ${user} - ${key}`,
    "",
  ].join("\n");
}

/** Lines of fstab(5), which systemd of version 254 and later reads as the credential fstab.extra. */
export function shareLines(shares: readonly ServedShare[]): string {
  return shares
    .map(({ share, transport }) => {
      const type = transport.kind === "virtiofs" ? "virtiofs" : "9p";
      const how = transport.kind === "9p" ? ",trans=virtio,version=9p2000.L,msize=524288" : "";
      const access = share.ReadOnly ? "ro" : "rw";
      return `${share.Tag} ${fstabWord(share.GuestFolder)} ${type} ${access},nofail${how} 0 0\n`;
    })
    .join("");
}

/** The arguments with which QEMU's firmware tables have the credentials (SMBIOS type 11; systemd.system-credentials(7)). */
export function credentialArguments(credentials: Readonly<Record<string, string>>): string[] {
  return Object.entries(credentials)
    .filter(([, text]) => text !== "")
    .flatMap(([name, text]) => [
      "-smbios",
      `type=11,value=${optionValue(`io.systemd.credential.binary:${name}=${base64(text)}`)}`,
    ]);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** fstab(5): what would end a field is written as an octal number. */
function fstabWord(text: string): string {
  return text.replaceAll(/[\s\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
