/** Files of an archive: names and their text. */
export type Archive = Readonly<Record<string, string>>;

const blockBytes = 512;

/** An archive of plain files (ustar), as a client sends it. */
export function tarOf(files: Archive): Buffer {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const bytes = Buffer.from(text);
    const header = Buffer.alloc(blockBytes);
    header.write(name, 0);
    header.write("0000644\0", 100);
    header.write("0000000\0".repeat(2), 108);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    header.write("        0", 148);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    const rest = Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes);
    return [header, bytes, rest];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}
