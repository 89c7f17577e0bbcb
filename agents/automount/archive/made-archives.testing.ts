/** Builds tar archives for tests, wrong ones included. */

export interface MadeMember {
  name: string;
  type?: string;
  mode?: number;
  content?: string | Uint8Array;
  /** States another size than the content has. */
  statedSize?: number;
  linkTarget?: string;
  prefix?: string;
  badChecksum?: boolean;
}

const magic = "boot2podman, please format-me";

/** A member as its header and padded content. */
export function madeMember(member: MadeMember): Buffer {
  const content = Buffer.from(member.content ?? "");
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  header.write(member.name, 0, 100);
  header.write(octal(member.mode ?? 0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(member.statedSize ?? content.length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write("        ", 148);
  header.write(member.type ?? "0", 156);
  header.write(member.linkTarget ?? "", 157, 100);
  header.write("ustar\0" + "00", 257);
  header.write(member.prefix ?? "", 345, 155);
  const sum = header.reduce((total, byte) => total + byte, 0) + (member.badChecksum ? 1 : 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  const padded = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  content.copy(padded);
  return Buffer.concat([header, padded]);
}

/** An archive that begins with the magic, as the clients write it, with its end marker. */
export function madeArchive(...members: MadeMember[]): Buffer {
  const first = madeMember({ name: magic, mode: 0, content: magic });
  return Buffer.concat([first, ...members.map(madeMember), Buffer.alloc(1024)]);
}

/** What the clients write: the folder and the key, twice. */
export function clientArchive(key: string): Buffer {
  return madeArchive(
    { name: ".ssh", type: "5", mode: 0o700 },
    { name: ".ssh/authorized_keys", content: key },
    { name: ".ssh/authorized_keys2", content: key },
  );
}
