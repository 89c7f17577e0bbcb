import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { stateFolder } from "../../kernel/state-folder.ts";
import type { Stage } from "../../stage/stage.ts";
import { mebibyte } from "../../units/bytes.ts";

const folder = `${stateFolder}/certs`;
/** Podman (Go's crypto/x509) and OpenSSL's programs read this one. */
export const trustBundle = "/etc/ssl/certs/ca-certificates.crt";
const longestFileBytes = mebibyte;
/** Of our own part in the bundle, so that a second run doesn't add it again. */
const mark = "# from the data disk\n";

/** Certificates of registries and proxies: certs/*.pem and *.crt of the data disk are trusted like the image's. */
export const trustStage: Stage = {
  name: "trust",
  needs: ["settings"],
  deadlineMs: 10_000,
  async run({ kernel, notes }) {
    const names = kernel.listNoFollow(folder).filter((name) => /\.(?:pem|crt)$/.test(name));
    if (names.length === 0) {
      return { result: "skipped", message: "no certificates on the data disk" };
    }
    const { certificatesOf } = await import("./certificates.ts");
    notes.observed = names;
    const trusted: string[] = [];
    const warnings: string[] = [];
    for (const name of names) {
      try {
        const found = certificatesOf(readCertificate(kernel, `${folder}/${name}`));
        trusted.push(...found);
        notes.done.push(`trust ${found.length} of ${JSON.stringify(name)}`);
      } catch (error) {
        warnings.push(`certs/${JSON.stringify(name)} is skipped: ${oneLine(error)}`);
      }
    }
    if (trusted.length > 0) {
      const [image = ""] = (kernel.readTextIfPresent(trustBundle) ?? "").split(mark);
      kernel.writeAtomic(trustBundle, `${image}${mark}${trusted.join("")}`);
    }
    const count = trusted.length === 1 ? "1 certificate" : `${trusted.length} certificates`;
    if (warnings.length > 0) {
      throw new Error([`${count} added`, ...warnings].join("; "));
    }
    return { result: "ok", message: `${count} added` };
  },
};

function readCertificate(kernel: Kernel, path: string): string {
  const bytes = kernel.readNoFollow(path, longestFileBytes + 1);
  if (bytes === undefined) {
    throw new Error("it is gone");
  }
  if (bytes.length > longestFileBytes) {
    throw new Error(`it is longer than ${longestFileBytes} bytes`);
  }
  return new TextDecoder().decode(bytes);
}
